import type { Migration, Reader, Tx } from '#storage'

interface RetentionTable {
  /** Id of an organization; `*` for everything that has no setting of its own. */
  scope: string
  keep_days: number | null
  /** Only with `*`: bodies older than this are archived. */
  archive_days: number | null
  /** Up to this position the sweep has looked at everything of the scope. */
  swept: number
  updated_at: number
}

interface MinimumTable {
  one: number
  days: number
  updated_at: number
}

interface HoldTable {
  id: string
  /** Null for any. */
  organization_id: string | null
  subject: string | null
  /** Times of events, milliseconds; null for open ends. */
  from_at: number | null
  until_at: number | null
  reason: string
  /** When it ends by itself; null for never. */
  ends_at: number | null
  by_whom: string
  created_at: number
  released_at: number | null
  /** Organization whose own right placed it; null for the operator's. */
  placed_in: string | null
}

declare module '#storage' {
  interface Tables {
    audit_retention: RetentionTable
    audit_holds: HoldTable
    audit_retention_minimum: MinimumTable
  }
}

export const retentionMigration: Migration = {
  id: '1105_audit_retention',
  sql: `create table audit_retention (scope text primary key, keep_days int8, archive_days int8, swept int8 not null, updated_at int8 not null);
create table audit_holds (id text primary key, organization_id text, subject text, from_at int8, until_at int8, reason text not null,
  ends_at int8, by_whom text not null, created_at int8 not null, released_at int8);
create table audit_archives (first int8 primary key, last int8 not null, file text not null, sha256 text not null, bodies int8 not null,
  pending text, created_at int8 not null);`,
}

export const holdLevelMigration: Migration = {
  id: '1106_audit_hold_level',
  sql: 'alter table audit_holds add column placed_in text;',
}

export const minimumMigration: Migration = {
  id: '1107_audit_retention_minimum',
  sql: 'create table audit_retention_minimum (one int8 primary key, days int8 not null, updated_at int8 not null);',
}

export const everything = '*'

/** What every entry is kept at least while the operator has set nothing. */
const usualMinimumDays = 90

/** Days for which every entry keeps its body, whatever an organization sets. */
export async function findMinimumDays(db: Reader): Promise<number> {
  const row = await db.selectFrom('audit_retention_minimum').select('days').where('one', '=', 1).executeTakeFirst()
  return row?.days ?? usualMinimumDays
}

export async function saveMinimumDays(tx: Tx, days: number, nowMs: number): Promise<void> {
  const values = { days, updated_at: nowMs }
  await tx
    .insertInto('audit_retention_minimum')
    .values({ one: 1, ...values })
    .onConflict((conflict) => conflict.column('one').doUpdateSet(values))
    .execute()
}

export interface Retention {
  readonly scope: string
  readonly keepDays: number | undefined
  readonly archiveDays: number | undefined
  readonly swept: number
}

export async function listRetention(db: Reader): Promise<Retention[]> {
  const rows = await db.selectFrom('audit_retention').selectAll().orderBy('scope').execute()
  return rows.map((row) => ({
    scope: row.scope,
    keepDays: row.keep_days ?? undefined,
    archiveDays: row.archive_days ?? undefined,
    swept: row.swept,
  }))
}

export async function saveRetention(
  tx: Tx,
  scope: string,
  row: { keepDays: number | undefined; archiveDays: number | undefined },
  nowMs: number,
): Promise<void> {
  const values = { keep_days: row.keepDays ?? null, archive_days: row.archiveDays ?? null, swept: 0, updated_at: nowMs }
  await tx
    .insertInto('audit_retention')
    .values({ scope, ...values })
    .onConflict((conflict) => conflict.column('scope').doUpdateSet(values))
    .execute()
}

/** @returns whether there was a setting */
export async function deleteRetention(tx: Tx, scope: string): Promise<boolean> {
  return (await tx.deleteFrom('audit_retention').where('scope', '=', scope).executeTakeFirst()).numDeletedRows === 1n
}

export async function saveSwept(tx: Tx, scope: string, swept: number): Promise<void> {
  await tx.updateTable('audit_retention').set({ swept }).where('scope', '=', scope).execute()
}

/** Everything is looked at again: what was held or of another scope may be due now. */
export async function sweepAgain(tx: Tx): Promise<void> {
  await tx.updateTable('audit_retention').set({ swept: 0 }).execute()
}

export interface Hold {
  readonly id: string
  readonly organizationId: string | undefined
  readonly subject: string | undefined
  readonly fromMs: number | undefined
  /** Not included. */
  readonly untilMs: number | undefined
  readonly reason: string
  readonly endsAtMs: number | undefined
  readonly by: string
  readonly createdAtMs: number
  readonly releasedAtMs: number | undefined
  /** Organization whose own right placed it, and releases it; undefined: the operator's alone. */
  readonly placedIn: string | undefined
}

export async function listHolds(db: Reader): Promise<Hold[]> {
  const rows = await db.selectFrom('audit_holds').selectAll().orderBy('created_at').orderBy('id').execute()
  return rows.map((row) => ({
    id: row.id,
    organizationId: row.organization_id ?? undefined,
    subject: row.subject ?? undefined,
    fromMs: row.from_at ?? undefined,
    untilMs: row.until_at ?? undefined,
    reason: row.reason,
    endsAtMs: row.ends_at ?? undefined,
    by: row.by_whom,
    createdAtMs: row.created_at,
    releasedAtMs: row.released_at ?? undefined,
    placedIn: row.placed_in ?? undefined,
  }))
}

export async function insertHold(tx: Tx, hold: Hold): Promise<void> {
  await tx
    .insertInto('audit_holds')
    .values({
      id: hold.id,
      organization_id: hold.organizationId ?? null,
      subject: hold.subject ?? null,
      from_at: hold.fromMs ?? null,
      until_at: hold.untilMs ?? null,
      reason: hold.reason,
      ends_at: hold.endsAtMs ?? null,
      by_whom: hold.by,
      created_at: hold.createdAtMs,
      released_at: null,
      placed_in: hold.placedIn ?? null,
    })
    .execute()
}

/** @returns false when there is no such hold in force */
export async function releaseHold(tx: Tx, id: string, nowMs: number): Promise<boolean> {
  const done = await tx
    .updateTable('audit_holds')
    .set({ released_at: nowMs })
    .where('id', '=', id)
    .where('released_at', 'is', null)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}
