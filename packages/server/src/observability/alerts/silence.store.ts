import type { Migration, Reader, Tx } from '#storage'
import type { Silence } from './alert.ts'

interface SilenceTable {
  id: string
  objective: string | null
  component: string | null
  why: string
  by_whom: string
  until_at: number
  created_at: number
}

declare module '#storage' {
  interface Tables {
    alert_silences: SilenceTable
  }
}

export const silenceMigrations: readonly Migration[] = [
  {
    id: '1211_observability_silences',
    sql: `create table alert_silences (id text primary key, objective text, component text, why text not null, by_whom text not null,
  until_at int8 not null, created_at int8 not null);`,
  },
]

export async function insertSilence(tx: Tx, silence: Silence): Promise<void> {
  await tx
    .insertInto('alert_silences')
    .values({
      id: silence.id,
      objective: silence.objective ?? null,
      component: silence.component ?? null,
      why: silence.why,
      by_whom: silence.by,
      until_at: silence.untilMs,
      created_at: silence.createdAtMs,
    })
    .execute()
}

/** Those that have not ended. */
export async function listSilences(db: Reader, nowMs: number): Promise<Silence[]> {
  const rows = await db
    .selectFrom('alert_silences')
    .selectAll()
    .where('until_at', '>', nowMs)
    .orderBy('until_at')
    .limit(500)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    ...(row.objective !== null && { objective: row.objective }),
    ...(row.component !== null && { component: row.component }),
    why: row.why,
    by: row.by_whom,
    untilMs: Number(row.until_at),
    createdAtMs: Number(row.created_at),
  }))
}

/** @returns false when there is none in force of this id */
export async function endSilence(tx: Tx, id: string, nowMs: number): Promise<boolean> {
  const done = await tx
    .updateTable('alert_silences')
    .set({ until_at: nowMs })
    .where('id', '=', id)
    .where('until_at', '>', nowMs)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}
