import { deployment, type Gate } from '#authorization'
import { type Clock, Type } from '#kernel'
import type { Reader, Storage } from '#storage'
import { type Operation, operation } from '#web'
import { deployMarks } from '../changes/policy-changes.ts'
import { add, columns, type Latency, type LatencyMetric, latencyMetrics, quantile, sumOf } from './latency.ts'
import { listLatencies, listNodes, type NodeReport } from './node.store.ts'

export interface NodesDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly gate: Gate
}

const closed = { additionalProperties: false } as const
const hourMs = 3_600_000
const metrics = Object.keys(latencyMetrics) as LatencyMetric[]
/** A node that has not reported for this long does not serve any more. */
const seenWithinMs = 60_000

const hours = (most: number, usual: number) =>
  Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$', description: `Up to ${most}; default ${usual}` }))
const quantiles = Type.Object(
  {
    count: Type.Integer(),
    p50: Type.Optional(Type.Number()),
    p95: Type.Optional(Type.Number()),
    p99: Type.Optional(Type.Number()),
  },
  { description: 'Seconds' },
)
const latency = Type.Record(Type.String(), quantiles, { description: `By ${metrics.join(', ')}` })
const outside = Type.Array(
  Type.Object({
    host: Type.String(),
    requests: Type.Integer({ description: 'Of the last hour, the newest 50 of each node' }),
    failures: Type.Integer({ description: 'No answer, or a status of 400 and above' }),
    p95Ms: Type.Optional(Type.Integer({ description: 'Of those answered; of several nodes the worst' })),
    lastAtMs: Type.Integer(),
    lastFailedAtMs: Type.Optional(Type.Integer()),
    failure: Type.Optional(Type.String()),
  }),
)

/** The nodes that serve and how they do: by node, by region, over time. */
export function nodesOperations({ storage, clock, gate }: NodesDeps): Operation[] {
  return [
    operation({
      id: 'nodes.list',
      method: 'GET',
      url: '/api/observability/nodes',
      summary: 'Nodes and regions: who serves, how long things take there, and how outside hosts do from there',
      access: { kind: 'action', action: 'examine' },
      schemas: {
        query: Type.Object({ hours: hours(24, 1) }, closed),
        reply: Type.Object({
          nodes: Type.Array(
            Type.Object({
              id: Type.String(),
              name: Type.String(),
              region: Type.String({ description: 'Empty where none is set' }),
              startedAtMs: Type.Integer(),
              seenAtMs: Type.Integer(),
              serving: Type.Boolean({ description: 'It reported within the last minute' }),
              latency,
            }),
          ),
          regions: Type.Array(Type.Object({ region: Type.String(), serving: Type.Integer(), latency, outside })),
        }),
      },
      handle: async ({ act, query }) => {
        gate.require(act, 'examine', deployment)
        const nowMs = clock.nowMs()
        const sinceMs = nowMs - Math.min(Number(query.hours ?? 1), 24) * hourMs
        const [nodes, seen] = await Promise.all([listNodes(storage.db, sinceMs), readLatencies(storage.db, sinceMs)])
        const isServing = ({ seenAtMs }: NodeReport) => nowMs - seenAtMs < seenWithinMs
        return {
          nodes: nodes.map(({ outside: _, ...node }) => ({
            ...node,
            serving: isServing(node as NodeReport),
            latency: seen(({ node: id }) => id === node.id),
          })),
          regions: [...new Set(nodes.map(({ region }) => region))].sort().map((region) => {
            const own = nodes.filter((node) => node.region === region)
            return {
              region,
              serving: own.filter(isServing).length,
              latency: seen((row) => row.region === region),
              outside: join(own.filter(isServing)),
            }
          }),
        }
      },
    }),
    operation({
      id: 'latency.series',
      method: 'GET',
      url: '/api/observability/latency/:metric',
      summary:
        'How long things took over the last 24 hours: the buckets of a histogram by time, with policy deploys as marks',
      access: { kind: 'action', action: 'examine' },
      schemas: {
        params: Type.Object({ metric: Type.Union(metrics.map((metric) => Type.Literal(metric))) }),
        query: Type.Object(
          {
            hours: hours(24, 6),
            steps: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$', description: 'Up to 500; default 72' })),
            region: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,32}$' })),
          },
          closed,
        ),
        reply: Type.Object({
          bounds: Type.Array(Type.Number(), { description: 'Upper ends of the buckets in seconds, ascending' }),
          columns: Type.Array(
            Type.Object({
              atMs: Type.Integer(),
              counts: Type.Array(Type.Number(), { description: 'By bucket; the last one is what took longer' }),
            }),
          ),
          regions: Type.Array(Type.String()),
          marks: Type.Array(Type.Object({ atMs: Type.Integer(), what: Type.String(), says: Type.String() })),
        }),
      },
      handle: async ({ act, params: { metric }, query }) => {
        gate.require(act, 'examine', deployment)
        const nowMs = clock.nowMs()
        const windowMs = Math.min(Number(query.hours ?? 6), 24) * hourMs
        const steps = Math.min(Number(query.steps ?? 72), 500)
        const sinceMs = nowMs - windowMs
        const [minutes, marks, nodes] = await Promise.all([
          listLatencies(storage.db, metric, sinceMs, query.region),
          deployMarks(storage.db, sinceMs),
          listNodes(storage.db, sinceMs),
        ])
        const regions = [...new Set(nodes.map(({ region }) => region))].filter((one) => one !== '').sort()
        return { ...columns(minutes, nowMs, windowMs, steps), regions, marks }
      },
    }),
  ]
}

type Row = Latency & { readonly node: string; readonly region: string }

/** Reads each metric once. @returns what sums up the rows that are meant */
async function readLatencies(db: Reader, sinceMs: number) {
  const rows = await Promise.all(
    metrics.map(async (metric) => [metric, await listLatencies(db, metric, sinceMs)] as const),
  )
  return (isMeant: (row: Row) => boolean) =>
    Object.fromEntries(
      rows.flatMap(([metric, all]) => {
        const sum = all.filter(isMeant).reduce<Latency | undefined>(add, undefined)
        if (sum === undefined) return []
        const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(sum, share))
        return [
          [metric, { count: sumOf(sum), ...(p50 !== undefined && { p50, p95: p95 as number, p99: p99 as number }) }],
        ]
      }),
    )
}

/** Outside hosts of several nodes: counts are summed, the slowest and the newest trouble are told. */
function join(nodes: readonly NodeReport[]) {
  const hosts = new Map<string, NodeReport['outside'][number]>()
  for (const { outside } of nodes)
    for (const one of outside) {
      const had = hosts.get(one.host)
      if (had === undefined) hosts.set(one.host, one)
      else {
        const trouble = (one.lastFailedAtMs ?? 0) > (had.lastFailedAtMs ?? 0) ? one : had
        const p95Ms = Math.max(one.p95Ms ?? 0, had.p95Ms ?? 0)
        hosts.set(one.host, {
          ...trouble,
          requests: one.requests + had.requests,
          failures: one.failures + had.failures,
          ...(p95Ms > 0 && { p95Ms }),
          lastAtMs: Math.max(one.lastAtMs, had.lastAtMs),
        })
      }
    }
  return [...hosts.values()].sort((a, b) => b.failures - a.failures || b.requests - a.requests)
}
