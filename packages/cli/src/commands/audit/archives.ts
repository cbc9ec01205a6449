import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { usage } from '../../failure.ts'
import { broken } from './broken.ts'
import type { Body } from './source.ts'

const decompress = promisify(zstdDecompress)

/** Bodies from a directory of archives, read a file at a time. */
export function openArchives(directory: string): (body: Body) => Promise<Body> {
  let read: { file: string; bodies: ReadonlyMap<number, Body> } | undefined
  return async (body) => {
    const { away: file } = body
    if (file === undefined) return body
    if (!/^[\da-f.-]+\.ndjson\.zst$/.test(file)) throw broken(`the log names an archive ${JSON.stringify(file)}`)
    if (read?.file !== file) read = { file, bodies: await readArchive(directory, file) }
    const found = read.bodies.get(body.position)
    if (found === undefined) throw broken(`archive ${file} has no entry ${body.position}`)
    return found
  }
}

async function readArchive(directory: string, file: string): Promise<ReadonlyMap<number, Body>> {
  const bytes = await readFile(join(directory, file)).catch((cause: { code?: string }) => {
    throw usage(
      `${join(directory, file)} cannot be read (${cause.code})`,
      'Bring the archive back, or leave --archives out',
    )
  })
  try {
    const lines = (await decompress(bytes)).toString('utf8').trimEnd().split('\n')
    return new Map(lines.map((line) => JSON.parse(line) as Body).map((body) => [body.position, body]))
  } catch (error) {
    throw broken(`archive ${file} is damaged`, error)
  }
}
