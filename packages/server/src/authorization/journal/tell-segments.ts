import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { defineEvents, record } from '#feed'
import type { Act, Clock } from '#kernel'
import type { Storage } from '#storage'
import type { Sealed } from './files.ts'
import type { Journal } from './journal.ts'
import { insertToldSegment, listToldSegments } from './told-segments.store.ts'

declare module '#feed' {
  interface EventCatalogue {
    'authorization.segment_sealed': {
      node: string
      file: string
      first: number
      records: number
      bytes: number
      sha256: string
    }
  }
}

defineEvents({
  'authorization.segment_sealed': 'A segment of a node’s decision journal was sealed; its hash is on record',
})

const decompress = promisify(zstdDecompress)
const system: Act = { actor: { type: 'system', name: 'journal' }, requestId: 'segment' }

/**
 * Puts every sealed segment on record by the hash of its file, so that it is a leaf of the audit log: also those that a process
 * which died had sealed and not told of. INVARIANT: mark and event commit together, so each is told exactly once.
 */
export function tellSegments(deps: {
  storage: Storage
  clock: Clock
  journal: Journal
  onError: (where: string, error: unknown) => void
}): { stop(): Promise<void> } {
  const { storage, clock, journal, onError } = deps
  let stopped = false
  let running: Promise<void> | undefined
  let again = false

  const tell = async ({ path, first, records: known }: Sealed) => {
    const bytes = await readFile(`${path}.zst`)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const records = known ?? countLines(await decompress(bytes))
    const file = `${basename(path)}.zst`
    await storage.transact(async (tx) => {
      if (!(await insertToldSegment(tx, { node: journal.node, first, sha256 }))) return
      await record(tx, system, {
        type: 'authorization.segment_sealed',
        atMs: clock.nowMs(),
        organizationId: undefined,
        object: { type: 'DecisionSegment', id: `${journal.node}/${first}` },
        data: { node: journal.node, file, first, records, bytes: bytes.length, sha256 },
      })
    })
  }
  const all = async () => {
    const told = await listToldSegments(storage.db, journal.node)
    for (const segment of [...journal.sealed]) {
      if (stopped) return
      if (!told.has(segment.first)) await tell(segment)
    }
  }
  const run = () => {
    again = true
    running ??= (async () => {
      while (again && !stopped) {
        again = false
        // What fails is told at the next seal, or at the next start.
        await all().catch((error) => onError('decision journal', error))
      }
      running = undefined
    })()
  }
  journal.onSealed(run)
  run()
  return {
    stop: async () => {
      stopped = true
      await running
    },
  }
}

function countLines(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++
  return count
}
