import { record } from '#feed'
import { type Act, type Clock, type Entropy, newId } from '#kernel'
import { listActivationsSince } from '#policies'
import type { Storage, Tx } from '#storage'
import { nameOfOwner } from '../changes/policy-changes.ts'
import { type Burning, burning } from '../slos/burn.ts'
import type { Minutes } from '../slos/minutes.ts'
import type { Objective } from '../slos/objective.ts'
import type { Receiver } from '../slos/slo-file.ts'
import { endAlert, insertAlert, listOpenAlerts, touchAlert } from './alert.store.ts'
import { type Alert, type Cause, identityOf, silences } from './alert.ts'
import { dropEscalations, insertDelivery, listReceivers } from './delivery.store.ts'
import { listSilences } from './silence.store.ts'
import './events.ts'

const minute = 60_000
/** A deploy explains what began to burn within this time after it. */
const deployMs = 30 * minute
/** An alert ends when its objective has not burned for this long: flapping is one alert. */
const quietMs = 5 * minute
/** Objectives that a deploy of policies can hurt. */
const hurtByPolicies: readonly string[] = ['policies', 'decisions']

export interface RaiseDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly objectives: readonly Objective[]
  readonly receivers: readonly Receiver[]
}

const act: Act = { actor: { type: 'system', name: 'alerts' }, requestId: 'alerts' }

/** What burns now, the platform's own outage first: while that burns, its consequences are its own. */
export function findBurning(
  objectives: readonly Objective[],
  minutes: ReadonlyMap<string, Minutes>,
  nowMs: number,
): { objective: Objective; found: Burning }[] {
  const all = objectives.flatMap((objective) => {
    const own = minutes.get(objective.name)
    const found = own && burning(objective, own, nowMs)
    return found ? [{ objective, found }] : []
  })
  const outage = all.filter(({ objective, found }) => objective.component === 'platform' && found.severity === 'page')
  return outage.length > 0 ? outage : all
}

/** The words of an alert: what is wrong, by how much, and since which deploy. */
export function describe(objective: Objective, found: Burning, cause?: Cause): string {
  if (objective.indicator.kind === 'monthly')
    return `${objective.says}: ${(found.share * 100).toFixed(0)} % did not in 30 days, the error budget is spent`
  // Without a budget there is no rate of burning it.
  if (objective.target === 1) return `${objective.says}: this does not hold`
  const share = `${(found.share * 100).toFixed(found.share < 0.1 ? 1 : 0)} %`
  const since = cause === undefined ? '' : `, since the policies of ${cause.subject} were deployed`
  return `${objective.says}: ${share} did not in the last minutes, the budget burns ${found.rate.toFixed(1)} times too fast${since}`
}

/** Opens, keeps and ends alerts, each with its event and its messages in one transaction. @returns those opened now */
export async function raiseAlerts(deps: RaiseDeps, minutes: ReadonlyMap<string, Minutes>): Promise<Alert[]> {
  const { storage, clock } = deps
  const nowMs = clock.nowMs()
  const burningNow = findBurning(deps.objectives, minutes, nowMs)
  const open = await listOpenAlerts(storage.db)
  if (burningNow.length === 0 && open.length === 0) return []
  const deploy = burningNow.some(({ objective }) => isHurtByPolicies(objective))
    ? await findDeploy(storage, nowMs)
    : undefined
  const opened: Alert[] = []
  const seen = new Set<string>()
  for (const { objective, found } of burningNow) {
    const ours = open.find((alert) => alert.objective === objective.name && alert.severity === found.severity)
    // While a deploy's alert is open, what it may have hurt belongs to it, however long ago it was.
    const blamed = open.find((alert) => alert.cause !== undefined && hurtByPolicies.includes(alert.component))
    const cause = ours?.cause ?? (isHurtByPolicies(objective) ? (blamed?.cause ?? deploy) : undefined)
    const identity = identityOf(objective, found.severity, cause)
    seen.add(identity)
    const known = open.find((alert) => alert.identity === identity)
    if (known !== undefined) {
      if (nowMs - known.seenAtMs >= minute) await storage.transact((tx) => touchAlert(tx, known.id, nowMs))
      continue
    }
    const silence = (await listSilences(storage.db, nowMs)).find((one) =>
      silences(one, identityAlert(objective), nowMs),
    )
    const alert: Alert = {
      id: newId('alert', deps),
      identity,
      severity: found.severity,
      objective: objective.name,
      component: objective.component,
      ...(cause && { cause }),
      says: describe(objective, found, cause),
      runbook: objective.runbook,
      state: 'open',
      startedAtMs: nowMs,
      seenAtMs: nowMs,
      ...(silence && { silencedBy: silence.id }),
    }
    if (await openAlert(deps, alert)) opened.push(alert)
  }
  for (const alert of open)
    if (!seen.has(alert.identity) && nowMs - alert.seenAtMs >= quietMs) await resolveAlert(deps, alert)
  return opened
}

/** The budget of changes is no objective that a change hurts: it has an alert of its own. */
const isHurtByPolicies = ({ component, indicator }: Objective) =>
  indicator.kind !== 'monthly' && hurtByPolicies.includes(component)

const identityAlert = ({ name, component }: Objective) => ({ objective: name, component })

async function findDeploy(storage: Storage, nowMs: number): Promise<Cause | undefined> {
  const newest = (await listActivationsSince(storage.db, nowMs - deployMs, 1))[0]
  if (newest === undefined) return undefined
  const { applicationId, activatedAtMs } = newest
  return { kind: 'policy-deploy', subject: await nameOfOwner(storage.db, applicationId), atMs: activatedAtMs }
}

export const meant = (receiver: Receiver, alert: Pick<Alert, 'severity' | 'component'>): boolean =>
  (receiver.severities?.includes(alert.severity) ?? true) && (receiver.components?.includes(alert.component) ?? true)

async function openAlert(deps: RaiseDeps, alert: Alert): Promise<boolean> {
  return deps.storage.transact(async (tx) => {
    if (!(await insertAlert(tx, alert))) return false
    await record(tx, act, {
      type: 'observability.alert_opened',
      atMs: alert.startedAtMs,
      organizationId: undefined,
      object: { type: 'Alert', id: alert.id, name: alert.objective },
      outcome: 'failure',
      data: {
        severity: alert.severity,
        objective: alert.objective,
        component: alert.component,
        says: alert.says,
        ...(alert.cause && { cause: `${alert.cause.kind}: ${alert.cause.subject}` }),
      },
    })
    if (alert.silencedBy !== undefined) return true
    for (const receiver of deps.receivers.filter((one) => meant(one, alert))) {
      const later = receiver.afterMinutes ?? 0
      await insertDelivery(tx, {
        id: newId('delivery', deps),
        alertId: alert.id,
        what: later > 0 ? 'escalated' : 'opened',
        receiver: receiver.name,
        dueAtMs: alert.startedAtMs + later * minute,
      })
    }
    return true
  })
}

async function resolveAlert(deps: RaiseDeps, alert: Alert): Promise<void> {
  const nowMs = deps.clock.nowMs()
  await deps.storage.transact(async (tx: Tx) => {
    if (!(await endAlert(tx, alert.id, nowMs))) return
    await record(tx, act, {
      type: 'observability.alert_resolved',
      atMs: nowMs,
      organizationId: undefined,
      object: { type: 'Alert', id: alert.id, name: alert.objective },
      data: { objective: alert.objective, lastedMs: nowMs - alert.startedAtMs },
    })
    await dropEscalations(tx, alert.id)
    for (const receiver of await listReceivers(tx, alert.id))
      await insertDelivery(tx, {
        id: newId('delivery', deps),
        alertId: alert.id,
        what: 'resolved',
        receiver,
        dueAtMs: nowMs,
      })
  })
}
