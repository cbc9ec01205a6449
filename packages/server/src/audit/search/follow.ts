import { Alarm, type Feed } from '#feed'
import type { Meter } from '#kernel'
import type { Storage } from '#storage'
import { addToIndex, findIndexed, mergeALittle, mergeByHand } from './index.store.ts'
import { indexWords } from './words.ts'

/** Events whose words are made before requests get their turn. */
const atOnce = 32

/** A batch smaller than this waits a moment for company: a commit of its own after every request would double the commits. */
const fullBatch = 256
const patienceMs = 100

/** Keeps the index of the audit log behind the feed; it is made anew from the first event where there is none. */
export async function followIntoIndex(deps: {
  storage: Storage
  feed: Feed
  meter: Meter
}): Promise<{ close(): Promise<void> }> {
  const { storage, feed, meter } = deps
  meter.gauge('audit_index_position', 'Newest position that a search finds', [], async function () {
    this.set(await findIndexed(storage.db))
  })
  await mergeByHand(storage)
  let indexed = await findIndexed(storage.db)
  let closed = false
  const patience = new Alarm()
  const follower = await feed.follow({
    name: 'audit.index',
    after: indexed,
    handle: async (events) => {
      for (let at = 0; at < events.length; at += atOnce) {
        const entries = events
          .slice(at, at + atOnce)
          .filter((event) => event.position > indexed)
          .map((event) => ({ position: event.position, atMs: event.atMs, words: indexWords(event) }))
        const last = entries.at(-1)?.position
        if (last === undefined) continue
        const from = indexed
        const ours = await storage.transact((tx) => addToIndex(tx, storage.engine, from, entries), { lazily: true })
        indexed = ours ? last : await findIndexed(storage.db)
        // Another node is not yet as far as this batch: it comes again.
        if (indexed < last) throw new Error(`the index stands at ${indexed}, before ${last}`)
        await new Promise((resolve) => setImmediate(resolve))
        await mergeALittle(storage)
      }
      if (events.length < fullBatch && !closed) await patience.wait(patienceMs)
    },
  })
  return {
    close: () => {
      closed = true
      patience.ring()
      return follower.stop()
    },
  }
}
