import { sql } from 'kysely'
import type { Migration, Reader, Tx } from '#storage'
import type { Count } from './objective.ts'

interface SloCountTable {
  objective: string
  /** Milliseconds that a row spans: a minute or an hour. */
  width: number
  /** Beginning of the span, milliseconds since the epoch. */
  bucket: number
  /** The process that counted; another after each start. */
  node: string
  bad: number
  total: number
}

declare module '#storage' {
  interface Tables {
    slo_counts: SloCountTable
  }
}

export const sloMigrations: readonly Migration[] = [
  {
    id: '1200_observability_slo_counts',
    sql: `create table slo_counts (objective text not null, width int8 not null, bucket int8 not null, node text not null,
  bad float8 not null, total float8 not null, primary key (width, bucket, objective, node));`,
  },
]

export interface CountRow extends Count {
  readonly objective: string
  readonly width: number
  readonly bucket: number
}

/** What this process counted in spans that have not ended: written again and again, the last word counts. */
export async function saveCounts(tx: Tx, node: string, rows: readonly CountRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx
    .insertInto('slo_counts')
    .values(rows.map((row) => ({ ...row, node })))
    .onConflict((conflict) =>
      conflict.columns(['width', 'bucket', 'objective', 'node']).doUpdateSet((values) => ({
        bad: values.ref('excluded.bad'),
        total: values.ref('excluded.total'),
      })),
    )
    .execute()
}

/** Sums over all processes of the spans of `width` that begin at or after `sinceMs`. */
export async function listCounts(db: Reader, width: number, sinceMs: number): Promise<CountRow[]> {
  const rows = await db
    .selectFrom('slo_counts')
    .select(['objective', 'bucket', sql<number>`sum(bad)`.as('bad'), sql<number>`sum(total)`.as('total')])
    .where('width', '=', width)
    .where('bucket', '>=', sinceMs)
    .groupBy(['objective', 'bucket'])
    .orderBy('bucket')
    .execute()
  return rows.map(({ objective, bucket, bad, total }) => ({
    objective,
    width,
    bucket: Number(bucket),
    bad: Number(bad),
    total: Number(total),
  }))
}

/** Sums over all processes of one objective since a moment, from rows of `width`. */
export async function sumCounts(db: Reader, objective: string, width: number, sinceMs: number): Promise<Count> {
  const row = await db
    .selectFrom('slo_counts')
    .select([sql<number>`coalesce(sum(bad), 0)`.as('bad'), sql<number>`coalesce(sum(total), 0)`.as('total')])
    .where('width', '=', width)
    .where('objective', '=', objective)
    .where('bucket', '>=', sinceMs)
    .executeTakeFirst()
  return { bad: Number(row?.bad ?? 0), total: Number(row?.total ?? 0) }
}

export async function deleteCountsBefore(tx: Tx, width: number, beforeMs: number): Promise<void> {
  await tx.deleteFrom('slo_counts').where('width', '=', width).where('bucket', '<', beforeMs).execute()
}
