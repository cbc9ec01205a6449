import { deployment, type Gate } from '#authorization'
import { type Clock, Fault, Type } from '#kernel'
import type { Storage } from '#storage'
import { type Operation, operation } from '#web'
import '../alerts/faults.ts'
import { deployMarks } from '../changes/policy-changes.ts'
import { hourMs } from './counting.ts'
import { reportObjective } from './report.ts'
import { listCounts } from './slo.store.ts'
import type { Watched } from './slo-file.ts'
import type { Watch } from './watch.ts'

export interface SloRoutesDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly gate: Gate
  readonly watched: Watched
  readonly watch: Watch
}

const closed = { additionalProperties: false } as const
const report = Type.Object({
  name: Type.String(),
  says: Type.String(),
  component: Type.String(),
  target: Type.Number(),
  severity: Type.String(),
  runbook: Type.String(),
  state: Type.String({ description: 'ok, ticket, page, or unknown while nothing happened' }),
  good: Type.Optional(Type.Number({ description: 'Share of good events over 30 days' })),
  budgetLeft: Type.Number({ description: 'Share of the error budget of 30 days that is left; below 0: overspent' }),
  bad: Type.Number(),
  total: Type.Number(),
  burn: Type.Array(Type.Object({ windowMs: Type.Integer(), rate: Type.Number(), limit: Type.Number() })),
})
const point = Type.Object({ atMs: Type.Integer(), bad: Type.Number(), total: Type.Number() })
const mark = Type.Object({ atMs: Type.Integer(), what: Type.String(), says: Type.String() })
const monthMs = 30 * 24 * hourMs

/** Service level objectives, their error budgets, and their course. */
export function sloOperations({ storage, clock, gate, watched, watch }: SloRoutesDeps): Operation[] {
  return [
    operation({
      id: 'objectives.list',
      method: 'GET',
      url: '/api/observability/objectives',
      summary: 'Service level objectives: how each stands, what is left of its error budget, how fast it burns',
      access: { kind: 'action', action: 'examine' },
      schemas: { reply: Type.Object({ items: Type.Array(report) }) },
      handle: async ({ act }) => {
        gate.require(act, 'examine', deployment)
        const nowMs = clock.nowMs()
        const items = []
        for (const objective of watched.objectives) {
          const minutes = watch.minutes.get(objective.name)
          if (minutes === undefined) continue
          const { events, good, ...rest } = await reportObjective(storage.db, objective, minutes, nowMs)
          const { name, says, component, target, severity, runbook } = objective
          const about = { name, says, component, target, severity, runbook }
          const burn = rest.burn.map((one) => ({ ...one }))
          items.push({ ...about, ...events, ...(good !== undefined && { good }), ...rest, burn })
        }
        return { items: items.map(({ objective: _whole, ...item }) => item) }
      },
    }),
    operation({
      id: 'objectives.series',
      method: 'GET',
      url: '/api/observability/objectives/:name/series',
      summary: 'The course of an objective: good and bad events by time, with the deploys of policies as marks',
      access: { kind: 'action', action: 'examine' },
      schemas: {
        params: Type.Object({ name: Type.String() }),
        query: Type.Object(
          {
            hours: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$', description: 'Up to 720; default 6' })),
            steps: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$', description: 'Up to 500; default 72' })),
          },
          closed,
        ),
        reply: Type.Object({ items: Type.Array(point), marks: Type.Array(mark) }),
      },
      handle: async ({ act, params: { name }, query }) => {
        gate.require(act, 'examine', deployment)
        const minutes = watch.minutes.get(name)
        if (minutes === undefined) throw new Fault('observability.objective_unknown')
        const windowMs = Math.min(Number(query.hours ?? 6) * hourMs, monthMs)
        const steps = Math.min(Number(query.steps ?? 72), 500)
        const nowMs = clock.nowMs()
        const items =
          windowMs <= 72 * hourMs
            ? minutes.series(nowMs, windowMs, steps)
            : (await listCounts(storage.db, hourMs, nowMs - windowMs))
                .filter(({ objective }) => objective === name)
                .map(({ bucket, bad, total }) => ({ atMs: bucket, bad, total }))
        return { items, marks: await deployMarks(storage.db, nowMs - windowMs) }
      },
    }),
  ]
}
