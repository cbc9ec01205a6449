import { deployment, type Gate } from '#authorization'
import { type EventType, type NewEvent, record } from '#feed'
import { type Act, type Clock, type Entropy, Fault, newId, Type } from '#kernel'
import type { Storage, Tx } from '#storage'
import { Answer, makeCursor, type Operation, operation, pageDefault, pageMost, readCursor } from '#web'
import { acknowledgeAlert, findAlert, listAlerts } from './alert.store.ts'
import type { Alert, Silence } from './alert.ts'
import { dropEscalations } from './delivery.store.ts'
import './events.ts'
import './faults.ts'
import { endSilence, insertSilence, listSilences } from './silence.store.ts'

export interface AlertRoutesDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly gate: Gate
  /** Names of the objectives that are watched. */
  readonly objectives: readonly { readonly name: string; readonly component: string }[]
}

const closed = { additionalProperties: false } as const
const alertShape = Type.Object({
  id: Type.String(),
  identity: Type.String(),
  severity: Type.String(),
  objective: Type.String(),
  component: Type.String(),
  cause: Type.Optional(Type.Object({ kind: Type.String(), subject: Type.String(), atMs: Type.Integer() })),
  says: Type.String(),
  runbook: Type.String(),
  state: Type.String({ description: 'open or resolved' }),
  startedAtMs: Type.Integer(),
  seenAtMs: Type.Integer(),
  endedAtMs: Type.Optional(Type.Integer()),
  acknowledgedBy: Type.Optional(Type.String()),
  silencedBy: Type.Optional(Type.String()),
})
const silenceShape = Type.Object({
  id: Type.String(),
  objective: Type.Optional(Type.String()),
  component: Type.Optional(Type.String()),
  why: Type.String(),
  by: Type.String(),
  untilMs: Type.Integer(),
  createdAtMs: Type.Integer(),
})
const silenceMostMs = 30 * 24 * 3_600_000
const params = Type.Object({ id: Type.String({ maxLength: 64 }) })
const show = (alert: Alert) => ({ ...alert })
const showSilence = (silence: Silence) => ({ ...silence })

/** Alerts: what is open, who looks after it, what is silenced until when. */
export function alertOperations({ storage, clock, entropy, gate, objectives }: AlertRoutesDeps): Operation[] {
  return [
    operation({
      id: 'alerts.list',
      method: 'GET',
      url: '/api/observability/alerts',
      summary: 'Alerts, the newest first',
      access: { kind: 'action', action: 'examine' },
      schemas: {
        query: Type.Object(
          {
            state: Type.Optional(Type.Union([Type.Literal('open'), Type.Literal('resolved')])),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: pageMost })),
            cursor: Type.Optional(Type.String({ maxLength: 500 })),
          },
          closed,
        ),
        reply: Type.Object({ items: Type.Array(alertShape), next: Type.Optional(Type.String()) }),
      },
      handle: async ({ act, query: { state, limit = pageDefault, cursor } }) => {
        gate.require(act, 'examine', deployment)
        const before = cursor === undefined ? undefined : readCursor('alerts', cursor, ['number', 'string'])
        const found = await listAlerts(storage.db, {
          ...(state && { state }),
          ...(before && { before }),
          limit: limit + 1,
        })
        const items = found.slice(0, limit)
        const last = items.at(-1)
        const next = found.length > limit && last ? makeCursor('alerts', [last.startedAtMs, last.id]) : undefined
        return { items: items.map(show), ...(next !== undefined && { next }) }
      },
    }),
    operation({
      id: 'alerts.get',
      method: 'GET',
      url: '/api/observability/alerts/:id',
      summary: 'One alert',
      access: { kind: 'action', action: 'examine' },
      schemas: { params, reply: alertShape },
      handle: async ({ act, params: { id } }) => {
        gate.require(act, 'examine', deployment)
        return show(await requireAlert(id))
      },
    }),
    operation({
      id: 'alerts.acknowledge',
      method: 'POST',
      url: '/api/observability/alerts/:id/acknowledge',
      summary: 'Look after an alert: it does not escalate any more',
      access: { kind: 'action', action: 'manageAlerts' },
      schemas: { params, reply: alertShape },
      handle: async ({ act, params: { id } }) => {
        gate.require(act, 'manageAlerts', deployment)
        const alert = await requireAlert(id)
        const { at } = await storage.write(async (tx) => {
          if (!(await acknowledgeAlert(tx, id, act.actor.name))) throw new Fault('observability.alert_over')
          await dropEscalations(tx, id)
          const object = { type: 'Alert', id, name: alert.objective }
          await note(tx, act, 'observability.alert_acknowledged', object, { objective: alert.objective })
        })
        return new Answer(show(await requireAlert(id)), { at })
      },
    }),
    operation({
      id: 'silences.list',
      method: 'GET',
      url: '/api/observability/silences',
      summary: 'Silences that are in force',
      access: { kind: 'action', action: 'examine' },
      schemas: { reply: Type.Object({ items: Type.Array(silenceShape) }) },
      handle: async ({ act }) => {
        gate.require(act, 'examine', deployment)
        return { items: (await listSilences(storage.db, clock.nowMs())).map(showSilence) }
      },
    }),
    operation({
      id: 'silences.create',
      method: 'POST',
      url: '/api/observability/silences',
      summary: 'Keep alerts of an objective or a component from being delivered until a moment; they stay on record',
      access: { kind: 'action', action: 'manageAlerts' },
      schemas: {
        body: Type.Object(
          {
            objective: Type.Optional(Type.String({ maxLength: 63 })),
            component: Type.Optional(Type.String({ maxLength: 63 })),
            why: Type.String({ minLength: 3, maxLength: 500 }),
            untilMs: Type.Integer(),
          },
          closed,
        ),
        reply: silenceShape,
      },
      handle: async ({ act, body }) => {
        gate.require(act, 'manageAlerts', deployment)
        const nowMs = clock.nowMs()
        const { objective, component, untilMs } = body
        const known =
          (objective === undefined || objectives.some((one) => one.name === objective)) &&
          (component === undefined || objectives.some((one) => one.component === component))
        const bounded = untilMs > nowMs && untilMs - nowMs <= silenceMostMs
        if (!known || !bounded || (objective === undefined && component === undefined))
          throw new Fault('observability.silence_invalid')
        const id = newId('silence', { clock, entropy })
        const silence: Silence = { id, ...body, by: act.actor.name, createdAtMs: nowMs }
        const { at } = await storage.write(async (tx) => {
          await insertSilence(tx, silence)
          await note(tx, act, 'observability.silence_created', { type: 'Silence', id }, body)
        })
        return new Answer(showSilence(silence), { status: 201, at })
      },
    }),
    operation({
      id: 'silences.end',
      method: 'DELETE',
      url: '/api/observability/silences/:id',
      summary: 'End a silence now',
      access: { kind: 'action', action: 'manageAlerts' },
      schemas: { params },
      handle: async ({ act, params: { id } }) => {
        gate.require(act, 'manageAlerts', deployment)
        const { at } = await storage.write(async (tx) => {
          if (!(await endSilence(tx, id, clock.nowMs()))) throw new Fault('observability.silence_unknown')
          await note(tx, act, 'observability.silence_ended', { type: 'Silence', id }, {})
        })
        return new Answer(undefined, { at })
      },
    }),
  ]

  async function requireAlert(id: string): Promise<Alert> {
    const alert = await findAlert(storage.db, id)
    if (alert === undefined) throw new Fault('observability.alert_unknown')
    return alert
  }

  async function note<T extends EventType>(
    tx: Tx,
    act: Act,
    type: T,
    object: NewEvent<T>['object'],
    data: NewEvent<T>['data'],
  ): Promise<void> {
    await record(tx, act, { type, atMs: clock.nowMs(), organizationId: undefined, object, data })
  }
}
