import type { Clock, Meter } from '#kernel'
import type { Snapshot } from './engine/snapshot.ts'
import { isInForce } from './grants/grant.ts'

/** What the snapshot holds; how far it is behind is `feed_lag_events{follower="authorization"}`. */
export function measureSnapshot(meter: Meter, snapshot: Snapshot, clock: Clock): void {
  meter.gauge('authorization_snapshot_entities', 'Directory entities that decisions see', [], function () {
    this.set(snapshot.directory.all.size)
  })
  meter.gauge('authorization_snapshot_grants', 'Grants of built-in roles, in force or not', [], function () {
    this.set(snapshot.grants(clock.nowMs()).size)
  })
  meter.gauge(
    'authorization_break_glass_grants',
    'Grants in force of roles that are kept for emergencies: alike on every node',
    [],
    function () {
      this.set(countBreakGlass(snapshot, clock.nowMs()))
    },
  )
  meter.gauge(
    'authorization_snapshot_left_out',
    'Entities that could not enter the snapshot: what concerns them is denied',
    [],
    function () {
      this.set(snapshot.leftOut)
    },
  )
}

/** Grants in force of roles that bundles say are kept for emergencies. */
function countBreakGlass(snapshot: Snapshot, nowMs: number): number {
  let count = 0
  for (const application of snapshot.applications()) {
    const { roles = {} } = application.manifest
    const kept = new Set(Object.keys(roles).filter((name) => roles[name]?.breakGlass))
    if (kept.size === 0) continue
    for (const grant of application.grants()) if (kept.has(grant.role) && isInForce(grant, nowMs)) count++
  }
  return count
}
