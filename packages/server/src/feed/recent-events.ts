import type { Storage } from '#storage'
import { listEvents } from './event.store.ts'
import type { FeedEvent } from './events.ts'

/** Events kept in memory; a follower that is further behind reads the table. */
const keptMost = 1_000
/** What is older serves nobody who keeps up, and every collection of young objects would move it. */
const keptMs = 150

/**
 * The newest events, read once for all followers of this node: a commit wakes them together. INVARIANT: what is kept is
 * contiguous, and a numbered event never changes, so that memory and table cannot differ.
 */
export class RecentEvents {
  readonly #storage: Storage
  #kept: FeedEvent[] = []
  /** When each of them was read. */
  #readAtMs: number[] = []
  #reading: { readonly after: number; readonly events: Promise<FeedEvent[]> } | undefined

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Numbered events after `position`, in order, at most `limit`. */
  async after(position: number, limit: number): Promise<readonly FeedEvent[]> {
    const first = this.#kept[0]?.position
    if (first !== undefined && position >= first - 1 && position < first + this.#kept.length - 1)
      return this.#kept.slice(position - first + 1, position - first + 1 + limit)
    if (this.#reading?.after === position) return this.#reading.events
    const reading = { after: position, events: this.#read(position, limit) }
    this.#reading = reading
    try {
      return await reading.events
    } finally {
      if (this.#reading === reading) this.#reading = undefined
    }
  }

  async #read(after: number, limit: number): Promise<FeedEvent[]> {
    const events = await listEvents(this.#storage.db, after, limit)
    const first = events[0]?.position
    if (first === undefined) return events
    const next = (this.#kept[0]?.position ?? first) + this.#kept.length
    if (first > next) {
      this.#kept = []
      this.#readAtMs = []
    }
    if (first >= next) this.#keep(events)
    return events
  }

  #keep(events: readonly FeedEvent[]): void {
    const nowMs = performance.now()
    for (const event of events) {
      this.#kept.push(event)
      this.#readAtMs.push(nowMs)
    }
    let old = Math.max(0, this.#kept.length - keptMost)
    while ((this.#readAtMs[old] as number) < nowMs - keptMs) old++
    this.#kept.splice(0, old)
    this.#readAtMs.splice(0, old)
  }
}
