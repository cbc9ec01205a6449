import type { Hold } from './retention.store.ts'

/** What a hold is compared with. */
export interface Held {
  readonly atMs: number
  readonly organizationId: string | undefined
  readonly actorId: string | undefined
  readonly objectId: string
}

/** Whether a hold is in force: not released, and its end not come. */
export const isInForce = (hold: Hold, nowMs: number): boolean =>
  hold.releasedAtMs === undefined && (hold.endsAtMs === undefined || nowMs < hold.endsAtMs)

/** Whether a hold covers an event: every part that it names fits. */
export function covers(hold: Hold, event: Held): boolean {
  if (hold.organizationId !== undefined && hold.organizationId !== event.organizationId) return false
  if (hold.subject !== undefined && hold.subject !== event.actorId && hold.subject !== event.objectId) return false
  if (hold.fromMs !== undefined && event.atMs < hold.fromMs) return false
  return hold.untilMs === undefined || event.atMs < hold.untilMs
}
