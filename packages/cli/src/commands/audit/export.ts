import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import { parseCheckpointText, tilePath, tilesOf } from '@gatehouse/tlog'
import { Failure, usage } from '../../failure.ts'
import type { LogSource } from './source.ts'

/** Writes the log as static files (tlog-tiles), with `bodies.ndjson` and `key` beside them. */
export async function exportLog(
  source: LogSource,
  directory: string,
  key: string,
  onProgress: (done: number, total: number) => void,
): Promise<{ size: number; files: number }> {
  await mkdir(directory, { recursive: true })
  if ((await readdir(directory)).length > 0) throw usage(`${directory} is not empty`, 'Name a new directory')
  const { size } = parseCheckpointText(source.checkpoint.slice(0, source.checkpoint.lastIndexOf('\n\n') + 1))
  const tiles = [...tilesOf(size)]
  for (const [done, tile] of tiles.entries()) {
    const bytes = await source.readTile(tile)
    if (bytes === undefined) throw new Failure(`The log has no ${tilePath(tile)}, which its checkpoint promises`)
    const path = join(directory, tilePath(tile))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytes)
    onProgress(done + 1, tiles.length)
  }
  const bodies = createWriteStream(join(directory, 'bodies.ndjson'))
  // To the end of the log, not of the checkpoint: what was erased meanwhile is told there.
  for await (const body of source.bodies()) {
    if (!bodies.write(`${JSON.stringify(body)}\n`)) await once(bodies, 'drain')
  }
  bodies.end()
  await finished(bodies)
  await writeFile(join(directory, 'key'), `${key}\n`)
  await writeFile(join(directory, 'checkpoint'), source.checkpoint)
  return { size, files: tiles.length + 3 }
}
