import type { Selectable } from 'kysely'
import type { Migration, Reader, Tx } from '#storage'
import type { Alert } from './alert.ts'

interface AlertTable {
  id: string
  identity: string
  /** The identity while it is open, null afterwards: at most one alert of an identity is open. */
  open_identity: string | null
  severity: string
  objective: string
  component: string
  cause: string | null
  says: string
  runbook: string
  started_at: number
  seen_at: number
  ended_at: number | null
  acknowledged_by: string | null
  silenced_by: string | null
}

declare module '#storage' {
  interface Tables {
    alerts: AlertTable
  }
}

export const alertMigrations: readonly Migration[] = [
  {
    id: '1210_observability_alerts',
    sql: `create table alerts (id text primary key, identity text not null, open_identity text unique, severity text not null,
  objective text not null, component text not null, cause text, says text not null, runbook text not null, started_at int8 not null,
  seen_at int8 not null, ended_at int8, acknowledged_by text, silenced_by text);
create index alerts_by_start on alerts (started_at, id);`,
  },
]

function toAlert(row: Selectable<AlertTable>): Alert {
  return {
    id: row.id,
    identity: row.identity,
    severity: row.severity as Alert['severity'],
    objective: row.objective,
    component: row.component as Alert['component'],
    ...(row.cause !== null && { cause: JSON.parse(row.cause) }),
    says: row.says,
    runbook: row.runbook,
    state: row.open_identity === null ? 'resolved' : 'open',
    startedAtMs: Number(row.started_at),
    seenAtMs: Number(row.seen_at),
    ...(row.ended_at !== null && { endedAtMs: Number(row.ended_at) }),
    ...(row.acknowledged_by !== null && { acknowledgedBy: row.acknowledged_by }),
    ...(row.silenced_by !== null && { silencedBy: row.silenced_by }),
  }
}

/** @returns false when one of the same identity is open already, here or by another node */
export async function insertAlert(tx: Tx, alert: Alert): Promise<boolean> {
  const done = await tx
    .insertInto('alerts')
    .values({
      id: alert.id,
      identity: alert.identity,
      open_identity: alert.identity,
      severity: alert.severity,
      objective: alert.objective,
      component: alert.component,
      cause: alert.cause ? JSON.stringify(alert.cause) : null,
      says: alert.says,
      runbook: alert.runbook,
      started_at: alert.startedAtMs,
      seen_at: alert.seenAtMs,
      ended_at: null,
      acknowledged_by: null,
      silenced_by: alert.silencedBy ?? null,
    })
    .onConflict((conflict) => conflict.column('open_identity').doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

export async function listOpenAlerts(db: Reader): Promise<Alert[]> {
  const rows = await db.selectFrom('alerts').selectAll().where('open_identity', 'is not', null).execute()
  return rows.map(toAlert)
}

export async function findAlert(db: Reader, id: string): Promise<Alert | undefined> {
  const row = await db.selectFrom('alerts').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toAlert(row)
}

export async function touchAlert(tx: Tx, id: string, seenAtMs: number): Promise<void> {
  await tx.updateTable('alerts').set({ seen_at: seenAtMs }).where('id', '=', id).execute()
}

/** @returns false when it was not open any more */
export async function endAlert(tx: Tx, id: string, endedAtMs: number): Promise<boolean> {
  const done = await tx
    .updateTable('alerts')
    .set({ open_identity: null, ended_at: endedAtMs })
    .where('id', '=', id)
    .where('open_identity', 'is not', null)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** @returns false when somebody was first, or it has ended */
export async function acknowledgeAlert(tx: Tx, id: string, by: string): Promise<boolean> {
  const done = await tx
    .updateTable('alerts')
    .set({ acknowledged_by: by })
    .where('id', '=', id)
    .where('open_identity', 'is not', null)
    .where('acknowledged_by', 'is', null)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Those that began at or after a moment and have a cause. */
export async function listCausesSince(db: Reader, sinceMs: number): Promise<Alert[]> {
  const query = db.selectFrom('alerts').selectAll().where('started_at', '>=', sinceMs).where('cause', 'is not', null)
  return (await query.orderBy('started_at').limit(1_000).execute()).map(toAlert)
}

/** The newest first. */
export async function listAlerts(
  db: Reader,
  filter: {
    readonly state?: 'open' | 'resolved'
    readonly before?: readonly [startedAtMs: number, id: string]
    readonly limit: number
  },
): Promise<Alert[]> {
  let query = db.selectFrom('alerts').selectAll()
  if (filter.state === 'open') query = query.where('open_identity', 'is not', null)
  if (filter.state === 'resolved') query = query.where('open_identity', 'is', null)
  if (filter.before !== undefined) {
    const [at, id] = filter.before
    query = query.where((by) =>
      by.or([by('started_at', '<', at), by.and([by('started_at', '=', at), by('id', '<', id)])]),
    )
  }
  const rows = await query.orderBy('started_at', 'desc').orderBy('id', 'desc').limit(filter.limit).execute()
  return rows.map(toAlert)
}
