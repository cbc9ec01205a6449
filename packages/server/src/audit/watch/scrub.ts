import { decodeBundle, leafHash, rootOfComplete, type Tile, tilePath, tileWidth } from '@gatehouse/tlog'
import { record } from '#feed'
import type { Act, Clock, Meter } from '#kernel'
import type { Storage } from '#storage'
import { readLedgerTile } from '../ledger/database-storage.ts'
import { encodeLeaf, hashBody } from '../ledger/leaf.ts'
import { findLedgerState, listLedgerEntries } from '../ledger/ledger.store.ts'
import { archivedThrough } from '../retention/archive.store.ts'
import '../events.ts'

const hashLength = 32
/** One full bundle a second: a million entries in a bit more than an hour, at a thousandth of a core. */
const everyMs = 1_000
const system: Act = { actor: { type: 'system', name: 'audit' }, requestId: 'scrub' }

export interface Scrub {
  /** Checks the next bundle. @returns what is wrong with it; undefined when it is well, or there is none yet */
  step(): Promise<string | undefined>
  close(): Promise<void>
}

/**
 * Reads the log over and over, a bundle at a time: bodies against leaves, leaves against hashes, hashes against the tiles above.
 * What does not fit is an event, a metric and a line in the log, once a place. The newest edge is checked at every start.
 */
export function openScrub(deps: {
  storage: Storage
  clock: Clock
  meter: Meter
  onError: (where: string, error: unknown) => void
}): Scrub {
  const { storage, clock, meter, onError } = deps
  const found = meter.counter('audit_tampering_total', 'Places of the log that are not as they were signed')
  const told = new Set<string>()
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
    const wrong = await checkBundle(storage, next)
    next++
    if (wrong === undefined || told.has(wrong)) return wrong
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
    return wrong
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

async function checkBundle(storage: Storage, index: number): Promise<string | undefined> {
  const read = (tile: Tile) => readLedgerTile(storage, tile)
  const full = (level: Tile['level'], at: number): Tile => ({ level, index: at, width: tileWidth })
  const bundle = await read(full('entries', index))
  let hashes = await read(full(0, index))
  if (bundle === undefined || hashes === undefined) return `bundle or tile ${index} is missing`
  let leaves: Buffer[]
  try {
    leaves = decodeBundle(bundle, tileWidth)
  } catch {
    return `${tilePath(full('entries', index))} cannot be read`
  }
  for (const [at, leaf] of leaves.entries())
    if (Buffer.compare(leafHash(leaf), hashes.subarray(at * hashLength, (at + 1) * hashLength)) !== 0)
      return `entry ${index * tileWidth + at + 1} is not what its hash says`
  const end = (index + 1) * tileWidth
  const rows = (await listLedgerEntries(storage.db, index * tileWidth, tileWidth)).filter((row) => row.position <= end)
  // A row that was erased is there without its body. Asked after the rows were read: what goes into an archive meanwhile is not missing.
  if (rows.length < tileWidth && (await archivedThrough(storage.db)) < end)
    return `${tileWidth - rows.length} of the entries up to ${end} are missing`
  for (const { position, salt, body } of rows) {
    const leaf = leaves[position - index * tileWidth - 1] as Buffer
    if (salt === undefined || body === undefined) continue
    if (Buffer.compare(encodeLeaf({ position, stream: 'feed', hash: hashBody(salt, body) }), leaf) !== 0)
      return `the body of entry ${position} is not the one that was logged`
  }
  // A tile's root stands in the tile above it, and so on while this one completes the one above.
  for (let level = 1, at = index; ; level++) {
    const above = Math.floor(at / tileWidth)
    const place = at % tileWidth
    const parent = await read({ level, index: above, width: place + 1 })
    if (parent === undefined) return `${tilePath({ level, index: above, width: place + 1 })} is missing`
    const root = rootOfComplete(hashes)
    if (Buffer.compare(root, parent.subarray(place * hashLength, (place + 1) * hashLength)) !== 0)
      return `${tilePath(full(level - 1, at))} is not what the tile above says`
    if (place !== tileWidth - 1) return undefined
    at = above
    hashes = parent
  }
}
