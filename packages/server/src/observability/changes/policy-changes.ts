import { findApplication, findOrganization } from '#directory'
import { type Clock, isId, type Meter } from '#kernel'
import { type Activation, listActivationsSince } from '#policies'
import type { Reader, Storage } from '#storage'
import { listCausesSince } from '../alerts/alert.store.ts'
import type { Alert } from '../alerts/alert.ts'
import { monthMs } from '../slos/burn.ts'

/** `kept`: it is in force, or another one followed; `denied`: an alert named it as its cause. */
export const changeOutcomes = ['kept', 'rolled_back', 'denied'] as const
export type ChangeOutcome = (typeof changeOutcomes)[number]

/** A bundle that was applied, and what came of it. */
export interface PolicyChange extends Pick<Activation, 'number' | 'hash' | 'by' | 'comment'> {
  /** The application, or for sign-in policies the organization. */
  readonly ownerId: string
  readonly atMs: number
  readonly outcome: ChangeOutcome
  /** That named it as its cause. */
  readonly alertId?: string
}

const most = 5_000
const againMs = 10_000

/** What became of each bundle: pure, from what was activated (the newest first) and from alerts with a cause. */
export function judgeChanges(
  activations: Awaited<ReturnType<typeof listActivationsSince>>,
  alerts: readonly Pick<Alert, 'id' | 'cause'>[],
): PolicyChange[] {
  const blamed = new Map(
    alerts.flatMap(({ id, cause }) => (cause?.kind === 'policy-deploy' ? [[cause.atMs, id] as const] : [])),
  )
  /** By owner, the bundle that a later rollback went back to: what was applied after it is undone. */
  const undoneTo = new Map<string, string>()
  const changes: PolicyChange[] = []
  for (const { applicationId: ownerId, number, hash, kind, by, comment, activatedAtMs: atMs } of activations) {
    if (kind === 'rollback') {
      undoneTo.set(ownerId, hash)
      continue
    }
    if (undoneTo.get(ownerId) === hash) undoneTo.delete(ownerId)
    const alertId = blamed.get(atMs)
    const outcome = undoneTo.has(ownerId) ? 'rolled_back' : alertId === undefined ? 'kept' : 'denied'
    changes.push({ ownerId, number, hash, by, comment, atMs, outcome, ...(alertId !== undefined && { alertId }) })
  }
  return changes
}

/** Of the last 30 days, the newest first. */
export async function listPolicyChanges(db: Reader, nowMs: number): Promise<PolicyChange[]> {
  const since = nowMs - monthMs
  const [activations, alerts] = await Promise.all([
    listActivationsSince(db, since, most),
    listCausesSince(db, since - 3_600_000),
  ])
  return judgeChanges(activations, alerts)
}

/** Says how many changes of policies there were within 30 days, by what came of them: all nodes alike, from the database. */
export function measureChanges({ storage, clock, meter }: { storage: Storage; clock: Clock; meter: Meter }): void {
  let known: readonly PolicyChange[] = []
  let readAtMs = Number.NEGATIVE_INFINITY
  meter.gauge(
    'policy_changes',
    'Policy bundles applied within 30 days by outcome: kept, rolled_back, denied (an alert named it); alike on every node',
    ['outcome'],
    async function () {
      const nowMs = clock.nowMs()
      if (Math.abs(nowMs - readAtMs) >= againMs) {
        readAtMs = nowMs
        known = await listPolicyChanges(storage.db, nowMs).catch(() => known)
      }
      for (const outcome of changeOutcomes)
        this.set({ outcome }, known.filter((change) => change.outcome === outcome).length)
    },
  )
}

/** Of an application, or of the organization whose sign-in policies it is; its id when it is gone. */
export async function nameOfOwner(db: Reader, ownerId: string): Promise<string> {
  if (isId('app', ownerId)) return (await findApplication(db, ownerId))?.name ?? ownerId
  return (isId('org', ownerId) ? (await findOrganization(db, ownerId))?.name : undefined) ?? ownerId
}

/** Deploys of policies since a moment, as marks on charts, the oldest first; of very many the newest 50. */
export async function deployMarks(
  db: Reader,
  sinceMs: number,
): Promise<{ atMs: number; what: string; says: string }[]> {
  const marks = []
  for (const { applicationId, activatedAtMs, by, kind } of await listActivationsSince(db, sinceMs, 50)) {
    const says = `${await nameOfOwner(db, applicationId)} by ${by.name}`
    marks.push({ atMs: activatedAtMs, what: kind === 'rollback' ? 'policy-rollback' : 'policy-deploy', says })
  }
  return marks.reverse()
}
