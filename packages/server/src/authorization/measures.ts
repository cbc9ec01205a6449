import type { Clock, Meter } from '#kernel'
import type { Snapshot } from './engine/snapshot.ts'

/** What the snapshot holds; how far it is behind is `feed_lag_events{follower="authorization"}`. */
export function measureSnapshot(meter: Meter, snapshot: Snapshot, clock: Clock): void {
  meter.gauge('authorization_snapshot_entities', 'Directory entities that decisions see', [], function () {
    this.set(snapshot.directory.all.size)
  })
  meter.gauge('authorization_snapshot_grants', 'Grants of built-in roles, in force or not', [], function () {
    this.set(snapshot.grants(clock.nowMs()).size)
  })
  meter.gauge(
    'authorization_snapshot_left_out',
    'Entities that could not enter the snapshot: what concerns them is denied',
    [],
    function () {
      this.set(snapshot.leftOut)
    },
  )
}
