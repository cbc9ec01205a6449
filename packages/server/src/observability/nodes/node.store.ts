import type { Migration, Reader, Tx } from '#storage'
import type { HostReport } from '#web'
import type { Latency } from './latency.ts'

/** A process that serves, as it last reported. */
interface NodeTable {
  id: string
  name: string
  region: string
  started_at: number
  seen_at: number
  outside: string
}

/** What a node observed in one minute: a column of the heat map. */
interface LatencyMinuteTable {
  bucket: number
  metric: string
  node: string
  region: string
  counts: string
}

declare module '#storage' {
  interface Tables {
    nodes: NodeTable
    latency_minutes: LatencyMinuteTable
  }
}

export const nodeMigrations: readonly Migration[] = [
  {
    id: '1240_observability_nodes',
    sql: `create table nodes (id text primary key, name text not null, region text not null, started_at int8 not null,
  seen_at int8 not null, outside text not null);
create table latency_minutes (bucket int8 not null, metric text not null, node text not null, region text not null,
  counts text not null, primary key (metric, bucket, node));`,
  },
]

export interface NodeReport {
  readonly id: string
  readonly name: string
  /** Empty where none is set. */
  readonly region: string
  readonly startedAtMs: number
  readonly seenAtMs: number
  readonly outside: readonly HostReport[]
}

export interface LatencyMinute extends Latency {
  readonly bucket: number
  readonly metric: string
  readonly node: string
  readonly region: string
}

/** What this node has to say of itself: written again and again, the last word counts. */
export async function saveNode(tx: Tx, node: NodeReport): Promise<void> {
  const { id, name, region, startedAtMs, seenAtMs, outside } = node
  const changed = { seen_at: seenAtMs, outside: JSON.stringify(outside) }
  await tx
    .insertInto('nodes')
    .values({ id, name, region, started_at: startedAtMs, ...changed })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changed))
    .execute()
}

export async function saveLatencies(tx: Tx, rows: readonly LatencyMinute[]): Promise<void> {
  if (rows.length === 0) return
  await tx
    .insertInto('latency_minutes')
    .values(rows.map(({ bounds, counts, ...row }) => ({ ...row, counts: JSON.stringify({ bounds, counts }) })))
    .onConflict((conflict) =>
      conflict
        .columns(['metric', 'bucket', 'node'])
        .doUpdateSet((values) => ({ counts: values.ref('excluded.counts') })),
    )
    .execute()
}

/** Nodes that were seen at or after a moment, the newest first, at most 200. */
export async function listNodes(db: Reader, sinceMs: number): Promise<NodeReport[]> {
  const query = db.selectFrom('nodes').selectAll().where('seen_at', '>=', sinceMs).orderBy('seen_at', 'desc').limit(200)
  return (await query.execute()).map(({ id, name, region, started_at, seen_at, outside }) => ({
    id,
    name,
    region,
    startedAtMs: Number(started_at),
    seenAtMs: Number(seen_at),
    outside: JSON.parse(outside) as HostReport[],
  }))
}

/** Minutes of a metric at or after a moment, of all nodes or of one region. */
export async function listLatencies(
  db: Reader,
  metric: string,
  sinceMs: number,
  region?: string,
): Promise<LatencyMinute[]> {
  let query = db.selectFrom('latency_minutes').selectAll().where('metric', '=', metric).where('bucket', '>=', sinceMs)
  if (region !== undefined) query = query.where('region', '=', region)
  return (await query.execute()).map(({ counts, bucket, ...row }) => ({
    ...row,
    bucket: Number(bucket),
    ...(JSON.parse(counts) as Latency),
  }))
}

export async function deleteNodesBefore(tx: Tx, beforeMs: number): Promise<void> {
  await tx.deleteFrom('nodes').where('seen_at', '<', beforeMs).execute()
  await tx.deleteFrom('latency_minutes').where('bucket', '<', beforeMs).execute()
}
