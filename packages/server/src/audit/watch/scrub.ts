import { decodeBundle, leafHash, rootOfComplete, type Tile, tilePath, tileWidth } from '@gatehouse/tlog'
import { record } from '#feed'
import { type Act, type Clock, isFault, type Meter } from '#kernel'
import type { Storage } from '#storage'
import { ErasedEntries } from '../erase/erased-entries.ts'
import { formatRanges } from '../erase/said-erased.ts'
import { readLedgerTile } from '../ledger/database-storage.ts'
import { encodeLeaf, hashBody } from '../ledger/leaf.ts'
import { findLedgerState, listLedgerEntries } from '../ledger/ledger.store.ts'
import { findArchive } from '../retention/archive.store.ts'
import type { Archives } from '../retention/archive.ts'
import { type ReadEntry, readEntries } from '../retention/read-entries.ts'
import '../events.ts'

const hashLength = 32
/** One full bundle a second: a million entries in a bit more than an hour, at a thousandth of a core. */
const everyMs = 1_000
const system: Act = { actor: { type: 'system', name: 'audit' }, requestId: 'scrub' }

export interface Scrub {
  /** Checks the next bundle and tells what is wrong with it. @returns the first of that; undefined when it is well, or there is none yet */
  step(): Promise<string | undefined>
  close(): Promise<void>
}

/**
 * Reads the log over and over, a bundle at a time: bodies against leaves, in archives too where their files are
 * at hand, leaves against hashes, hashes against the tiles above, and every entry without a body against what the log says was erased. What does not fit is an event, a metric and a line in the log, once a place. The newest edge is checked at every start.
 */
export function openScrub(deps: {
  storage: Storage
  archives: Archives
  clock: Clock
  meter: Meter
  onError: (where: string, error: unknown) => void
}): Scrub {
  const { storage, clock, meter, onError } = deps
  const found = meter.counter('audit_tampering_total', 'Places of the log that are not as they were signed')
  const told = new Set<string>()
  const erased = new ErasedEntries(storage, deps.archives)
  let next = 0
  meter.gauge('audit_scrubbed_position', 'How far the running check of the log is in this round', [], function () {
    this.set(next * tileWidth)
  })
  const step = async () => {
    const size = (await findLedgerState(storage.db))?.size ?? 0
    if ((next + 1) * tileWidth > size) {
      next = 0
      if (size < tileWidth) return undefined
    }
    const wrong: string[] = []
    for await (const what of findWrong({ storage, archives: deps.archives, erased }, next)) wrong.push(what)
    next++
    for (const what of wrong) if (!told.has(what)) await tell(what)
    return wrong[0]
  }
  const tell = async (wrong: string) => {
    told.add(wrong)
    found.inc()
    onError('audit log', new Error(`The audit log was tampered with: ${wrong}`))
    await storage.transact((tx) =>
      record(tx, system, {
        type: 'audit.tampering_found',
        atMs: clock.nowMs(),
        organizationId: undefined,
        object: { type: 'AuditLog', id: 'gatehouse' },
        outcome: 'failure',
        data: { what: wrong },
      }),
    )
  }
  let running: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    running = step().catch((error) => onError('audit scrub', error))
  }, everyMs)
  timer.unref()
  return {
    step,
    close: async () => {
      clearInterval(timer)
      await running
    },
  }
}

/** Everything that is wrong with a bundle, its bodies and the tiles above it that it completes. */
async function* findWrong(
  { storage, archives, erased }: { storage: Storage; archives: Archives; erased: ErasedEntries },
  index: number,
): AsyncGenerator<string> {
  const read = (tile: Tile) => readLedgerTile(storage, tile)
  const full = (level: Tile['level'], at: number): Tile => ({ level, index: at, width: tileWidth })
  const bundle = await read(full('entries', index))
  const hashes = await read(full(0, index))
  if (bundle === undefined || hashes === undefined) return yield `bundle or tile ${index} is missing`
  let leaves: Buffer[]
  try {
    leaves = decodeBundle(bundle, tileWidth)
  } catch {
    return yield `${tilePath(full('entries', index))} cannot be read`
  }
  for (const [at, leaf] of leaves.entries())
    if (Buffer.compare(leafHash(leaf), hashes.subarray(at * hashLength, (at + 1) * hashLength)) !== 0)
      yield `entry ${index * tileWidth + at + 1} is not what its hash says`
  yield* findWrongBodies({ storage, archives, erased }, index, leaves)
  // A tile's root stands in the tile above it, and so on while this one completes the one above.
  for (let level = 1, at = index, below = hashes; ; level++) {
    const above = Math.floor(at / tileWidth)
    const place = at % tileWidth
    const parent = await read({ level, index: above, width: place + 1 })
    if (parent === undefined) return yield `${tilePath({ level, index: above, width: place + 1 })} is missing`
    const root = rootOfComplete(below)
    if (Buffer.compare(root, parent.subarray(place * hashLength, (place + 1) * hashLength)) !== 0)
      yield `${tilePath(full(level - 1, at))} is not what the tile above says`
    if (place !== tileWidth - 1) return
    at = above
    below = parent
  }
}

async function* findWrongBodies(
  { storage, archives, erased }: { storage: Storage; archives: Archives; erased: ErasedEntries },
  index: number,
  leaves: readonly Buffer[],
): AsyncGenerator<string> {
  const begin = index * tileWidth
  const end = begin + tileWidth
  let rows: readonly ReadEntry[] = await listLedgerEntries(storage.db, begin, tileWidth)
  rows = rows.filter((row) => row.position <= end)
  // Asked after the rows were read: what goes into an archive meanwhile is not missing.
  const archive = rows.length < tileWidth ? await findArchive(storage.db, end) : undefined
  try {
    if (archive !== undefined) rows = await readEntries(storage, archives, begin, tileWidth)
  } catch (error) {
    if (!isFault(error, 'audit.archive_damaged')) throw error
    return yield `archive ${archive?.file} is not the file that was written`
  }
  if (rows.length < tileWidth) yield `${tileWidth - rows.length} of the entries up to ${end} are missing`
  const bare: number[] = []
  const changed: number[] = []
  for (const { position, salt, body, away } of rows) {
    if (away !== undefined) continue
    if (salt === undefined || body === undefined) bare.push(position)
    else if (
      Buffer.compare(
        encodeLeaf({ position, stream: 'feed', hash: hashBody(salt, body) }),
        leaves[position - begin - 1] as Buffer,
      ) !== 0
    )
      changed.push(position)
  }
  if (changed.length > 0)
    yield changed.length === 1
      ? `the body of entry ${changed[0]} is not the one that was logged`
      : `the bodies of entries ${formatRanges(changed)} are not those that were logged`
  const unsaid = await erased.unsaid(bare)
  if (unsaid.length > 0)
    yield unsaid.length === 1
      ? `the body of entry ${unsaid[0]} is gone, and no entry says that it was erased`
      : `the bodies of entries ${formatRanges(unsaid)} are gone, and no entry says that they were erased`
}
