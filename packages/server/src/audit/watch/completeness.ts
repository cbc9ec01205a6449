import { examineEvents } from '#feed'
import type { Clock, Meter } from '#kernel'
import type { Storage } from '#storage'
import { countEntries, findLedgerState } from '../ledger/ledger.store.ts'
import { archivedThrough } from '../retention/archive.store.ts'
import type { Sinks } from '../sinks/run-sinks.ts'

/** How many of the newest positions are looked at. */
const window = 10_000

/**
 * Completeness from end to end: emitted (written with their change), committed (with a position), integrated (in the signed tree),
 * exported (at a sink), and what is lost at each step. Lost is never late: an event that waits is in none of the three.
 */
export function measureCompleteness(deps: { storage: Storage; clock: Clock; meter: Meter; sinks: Sinks }): void {
  const { storage, meter, sinks } = deps
  const lostNow = async () => {
    const { missing, unnumbered } = await examineEvents(storage.db, window)
    const size = (await findLedgerState(storage.db))?.size ?? 0
    // What lies in archives has no rows; its files are checked by their hashes.
    const archived = await archivedThrough(storage.db)
    const from = Math.max(size - window, archived, 0)
    const missingEntries = Math.max(0, size - from - (await countEntries(storage.db, from, size)))
    // Rows that went into an archive meanwhile are not missing.
    const ledger = (await archivedThrough(storage.db)) === archived ? missingEntries : 0
    return { feed: missing, ledger, export: sinks.lostLately(), unnumbered }
  }
  // One look a scrape serves all gauges.
  let looking: ReturnType<typeof lostNow> | undefined
  const look = () => {
    looking ??= lostNow().finally(() => {
      looking = undefined
    })
    return looking.catch(() => undefined)
  }
  meter.gauge('audit_events_emitted', 'Events written with their change, numbered or not', [], async function () {
    const found = await look()
    if (found !== undefined) this.set((await storage.readMark()).position + found.unnumbered)
  })
  meter.gauge(
    'audit_lost_events',
    'Events missing among the newest 10,000 of the feed or the ledger, or found missing for a sink in the last hour',
    ['stage'],
    async function () {
      const found = await look()
      if (found === undefined) return
      for (const stage of ['feed', 'ledger', 'export'] as const) this.set({ stage }, found[stage])
    },
  )
  meter.gauge(
    'audit_completeness_ratio',
    'Of the events emitted, those that are not lost anywhere: 1 or it is an incident',
    [],
    async function () {
      const found = await look()
      if (found === undefined) return
      const emitted = (await storage.readMark()).position + found.unnumbered
      this.set(emitted === 0 ? 1 : Math.max(0, 1 - (found.feed + found.ledger + found.export) / emitted))
    },
  )
}
