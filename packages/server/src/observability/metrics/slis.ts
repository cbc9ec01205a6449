import { examineEvents } from '#feed'
import type { Clock, Meter } from '#kernel'
import type { Storage } from '#storage'
import { measureCredentials } from './credentials.ts'

/** The process clock minus the database's, in milliseconds, at the middle of the question. */
export async function measureClockOffsetMs({ storage, clock }: { storage: Storage; clock: Clock }): Promise<number> {
  const before = clock.nowMs()
  const theirs = await storage.nowMs()
  return (before + clock.nowMs()) / 2 - theirs
}

/** Clock offset and completeness of the record. A database that does not answer leaves the last value and counts as down. */
export function measureInstallation(deps: { storage: Storage; clock: Clock; meter: Meter }): void {
  const { storage, meter } = deps
  measureCredentials(deps)
  meter.gauge('database_up', 'Whether the database answers (1) or not (0)', [], async function () {
    this.set(
      await storage.ping().then(
        () => 1,
        () => 0,
      ),
    )
  })
  meter.gauge('clock_offset_seconds', "This process's clock minus the database's", [], async function () {
    const offsetMs = await measureClockOffsetMs(deps).catch(() => undefined)
    if (offsetMs !== undefined) this.set(offsetMs / 1_000)
  })
  // One look a scrape serves both gauges.
  let looking: Promise<{ unnumbered: number; missing: number } | undefined> | undefined
  const look = () => {
    looking ??= examineEvents(storage.db, 10_000)
      .catch(() => undefined)
      .finally(() => {
        looking = undefined
      })
    return looking
  }
  meter.gauge(
    'audit_missing_positions',
    'Positions missing among the newest 10,000 of the feed: anything but 0 is an incident',
    [],
    async function () {
      const found = await look()
      if (found !== undefined) this.set(found.missing)
    },
  )
  meter.gauge(
    'audit_unnumbered_events',
    'Events that are committed and have no position yet: audit completeness is numbered / (numbered + this)',
    [],
    async function () {
      const found = await look()
      if (found !== undefined) this.set(found.unnumbered)
    },
  )
}
