import { type FeedEvent, isOnItsWay, listEvents } from '#feed'
import { isFault } from '#kernel'
import type { Storage } from '#storage'
import { leafAt } from '../ledger/database-storage.ts'
import { encodeLeaf, hashBody } from '../ledger/leaf.ts'
import { findLedgerState } from '../ledger/ledger.store.ts'
import type { Archives } from '../retention/archive.ts'
import { readEntry } from '../retention/read-entries.ts'
import { erasedObject, erasedType } from './said-erased.ts'

const atOnce = 200

/**
 * Which entries the log itself says are without their bodies. INVARIANT: an event counts only with the body that its leaf in the tree
 * has the hash of; so nobody can add one with the database alone.
 */
export class ErasedEntries {
  readonly #storage: Storage
  readonly #archives: Archives
  /** First and last of each range, ascending, without overlap. */
  #ranges: (readonly [number, number])[] = []
  #read = 0

  constructor(storage: Storage, archives: Archives) {
    this.#storage = storage
    this.#archives = archives
  }

  /** Those of which the log does not say that they were erased; none while what may say so is on its way into the log. */
  async unsaid(positions: readonly number[]): Promise<readonly number[]> {
    const left = () => positions.filter((position) => !this.#has(position))
    if (left().length === 0) return []
    const size = (await findLedgerState(this.#storage.db))?.size ?? 0
    if (await isOnItsWay(this.#storage.db, erasedObject.id, size)) return []
    await this.#readOn(size)
    return left()
  }

  #has(position: number): boolean {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ranges[middle] as readonly [number, number])[1] < position) low = middle + 1
      else high = middle
    }
    const found = this.#ranges[low]
    return found !== undefined && found[0] <= position
  }

  async #readOn(size: number): Promise<void> {
    const found: (readonly [number, number])[] = []
    for (;;) {
      const events = await listEvents(this.#storage.db, this.#read, atOnce, { objectId: erasedObject.id })
      for (const event of events) {
        if (event.position > size) continue
        if (event.type === erasedType) found.push(...(await this.#rangesOf(event)))
        this.#read = event.position
      }
      if (events.length < atOnce || (events.at(-1)?.position ?? 0) > size) break
    }
    this.#ranges = mergeRanges([...this.#ranges, ...found])
  }

  /** What the entry at a position says was erased; nothing where it is not as it was signed. */
  async #rangesOf({ position, data: told }: FeedEvent): Promise<(readonly [number, number])[]> {
    const entry = await readEntry(this.#storage, this.#archives, position).catch((error) => {
      // Elsewhere with its archive: the feed's own word is all there is until it is back.
      if (isFault(error, 'audit.archive_away')) return 'away' as const
      if (isFault(error, 'audit.archive_damaged')) return undefined
      throw error
    })
    if (entry === 'away') return rangesIn(told)
    if (entry?.salt === undefined || entry.body === undefined) return []
    const own = encodeLeaf({ position, stream: 'feed', hash: hashBody(entry.salt, entry.body) })
    const leaf = await leafAt(this.#storage, position)
    if (leaf === undefined || Buffer.compare(own, leaf) !== 0) return []
    const { type, data } = JSON.parse(entry.body) as { type: string; data: unknown }
    return type === erasedType ? rangesIn(data) : []
  }
}

function rangesIn(data: unknown): (readonly [number, number])[] {
  const { entries } = data as { entries?: unknown }
  return typeof entries === 'string' ? parseRanges(entries) : []
}

/** The ranges of `3,5-9`. */
export function parseRanges(text: string): (readonly [number, number])[] {
  return text
    .split(',')
    .map((part) => part.split('-').map(Number))
    .map(([first, last]) => [first as number, last ?? (first as number)] as const)
    .filter(([first, last]) => Number.isSafeInteger(first) && Number.isSafeInteger(last) && first <= last)
}

function mergeRanges(ranges: (readonly [number, number])[]): (readonly [number, number])[] {
  const merged: [number, number][] = []
  for (const [first, last] of ranges.sort((a, b) => a[0] - b[0])) {
    const before = merged.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else merged.push([first, last])
  }
  return merged
}
