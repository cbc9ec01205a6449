import type { Migration, Reader, Tx } from '#storage'

interface SinkTable {
  name: string
  /** The newest position that the place has, as far as its protocol can tell. */
  position: number
  updated_at: number
  /** Consecutive failures; 0 when the last batch was taken. */
  failures: number
  failure: string | null
  /** The node that feeds it, and until when. */
  holder: string
  held_until: number
}

interface DeadLetterTable {
  sink: string
  position: number
  reason: string
  at: number
}

declare module '#storage' {
  interface Tables {
    audit_sinks: SinkTable
    audit_dead_letters: DeadLetterTable
  }
}

export const sinkMigration: Migration = {
  id: '1102_audit_sinks',
  sql: `create table audit_sinks (name text primary key, position int8 not null, updated_at int8 not null, failures int8 not null,
  failure text, holder text not null, held_until int8 not null);
create table audit_dead_letters (sink text not null, position int8 not null, reason text not null, at int8 not null,
  primary key (sink, position));`,
}

export interface SinkState {
  readonly name: string
  readonly position: number
  readonly updatedAtMs: number
  readonly failures: number
  readonly failure: string | undefined
}

export async function findSinkState(db: Reader, name: string): Promise<SinkState | undefined> {
  const row = await db.selectFrom('audit_sinks').selectAll().where('name', '=', name).executeTakeFirst()
  return (
    row && {
      name,
      position: row.position,
      updatedAtMs: row.updated_at,
      failures: row.failures,
      failure: row.failure ?? undefined,
    }
  )
}

/** Begins a sink's cursor where there is none. */
export async function beginSink(tx: Tx, name: string, position: number, nowMs: number): Promise<void> {
  await tx
    .insertInto('audit_sinks')
    .values({ name, position, updated_at: nowMs, failures: 0, failure: null, holder: '', held_until: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Takes or keeps the right to feed a sink. @returns false while another node has it */
export async function holdSink(tx: Tx, name: string, holder: string, nowMs: number, untilMs: number): Promise<boolean> {
  const done = await tx
    .updateTable('audit_sinks')
    .set({ holder, held_until: untilMs })
    .where('name', '=', name)
    .where((where) => where.or([where('holder', '=', holder), where('held_until', '<', nowMs)]))
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Lets another node, or the next start, take the sink at once. */
export async function releaseSink(tx: Tx, name: string, holder: string): Promise<void> {
  await tx
    .updateTable('audit_sinks')
    .set({ held_until: 0 })
    .where('name', '=', name)
    .where('holder', '=', holder)
    .execute()
}

/** Moves the cursor from where this node knows it. @returns false when somebody else has moved it (a replay) */
export async function moveSink(tx: Tx, name: string, from: number, to: number, nowMs: number): Promise<boolean> {
  const done = await tx
    .updateTable('audit_sinks')
    .set({ position: to, updated_at: nowMs, failures: 0, failure: null })
    .where('name', '=', name)
    .where('position', '=', from)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

export async function noteSinkFailure(tx: Tx, name: string, failures: number, failure: string): Promise<void> {
  await tx.updateTable('audit_sinks').set({ failures, failure }).where('name', '=', name).execute()
}

/** Sets the cursor for a replay. @returns false when there is no such sink */
export async function resetSink(tx: Tx, name: string, position: number, nowMs: number): Promise<boolean> {
  const done = await tx
    .updateTable('audit_sinks')
    .set({ position, updated_at: nowMs })
    .where('name', '=', name)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

export async function addDeadLetter(tx: Tx, sink: string, position: number, reason: string, at: number): Promise<void> {
  await tx
    .insertInto('audit_dead_letters')
    .values({ sink, position, reason, at })
    .onConflict((conflict) => conflict.columns(['sink', 'position']).doUpdateSet({ reason, at }))
    .execute()
}

export async function listDeadLetters(
  db: Reader,
  sink: string,
  limit: number,
): Promise<{ position: number; reason: string; atMs: number }[]> {
  const rows = await db
    .selectFrom('audit_dead_letters')
    .select(['position', 'reason', 'at'])
    .where('sink', '=', sink)
    .orderBy('position')
    .limit(limit)
    .execute()
  return rows.map(({ at, ...row }) => ({ ...row, atMs: at }))
}
