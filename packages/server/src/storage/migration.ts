import { type Kysely, sql } from 'kysely'
import { Fault } from '#kernel'
import type { EngineName } from './storage.ts'

/**
 * One additive step of the schema. `sql` is written once, in PostgreSQL's words restricted to what both engines share:
 * types `text`, `int8`, `float8`, `bytea`; no defaults that compute; statements separated by `;` at the end of a line.
 * Ids sort in the order of the rooms: `NNNN_room_what`. A landed migration never changes.
 */
export interface Migration {
  readonly id: string
  readonly sql: string
  /** Only for this engine. */
  readonly only?: EngineName
}

/** Makes the shared spelling the engine's own. INVARIANT: text compares by bytes on both engines, so cursors agree. */
export function translateSchema(engine: EngineName, text: string): string {
  if (engine === 'postgres') return text.replace(/\btext\b(?! collate)/gi, 'text collate "C"')
  return text
    .replace(/\bint8\b/gi, 'integer')
    .replace(/\bfloat8\b/gi, 'real')
    .replace(/\bbytea\b/gi, 'blob')
    .replace(/(create table [^;]*\))\s*(?=;|$)/gi, '$1 strict')
}

/** Ids that have been applied, sorted. */
export async function listApplied(kysely: Kysely<unknown>): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from migrations order by id`.execute(kysely)
  return rows.map(({ id }) => id)
}

/**
 * Brings the schema up to date, each migration in a transaction of its own.
 * @throws {Fault} `storage.too_new` when the database knows migrations that this program does not
 * @returns ids that were applied now
 */
export async function migrate(
  kysely: Kysely<unknown>,
  engine: EngineName,
  migrations: readonly Migration[],
  nowMs: number,
): Promise<string[]> {
  const create = translateSchema(
    engine,
    'create table if not exists migrations (id text primary key, applied_at int8 not null)',
  )
  await kysely.transaction().execute(async (tx) => {
    // Two nodes that start at once on an empty database would otherwise both create the table.
    if (engine === 'postgres') await sql`select pg_advisory_xact_lock(7251, 1)`.execute(tx)
    await sql.raw(create).execute(tx)
  })
  const { rows } = await sql<{ id: string }>`select id from migrations`.execute(kysely)
  const done = new Set(rows.map((row) => row.id))
  const known = new Set(migrations.map((migration) => migration.id))
  const strange = [...done].filter((id) => !known.has(id))
  if (strange.length > 0) throw new Fault('storage.too_new', { extra: { migrations: strange.sort() } })

  const applied: string[] = []
  for (const migration of [...migrations].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    if (done.has(migration.id)) continue
    await kysely.transaction().execute(async (tx) => {
      if (engine === 'postgres') {
        await sql`set local statement_timeout = 0`.execute(tx)
        await sql`select pg_advisory_xact_lock(7251, 1)`.execute(tx)
      }
      const again = await sql`select 1 from migrations where id = ${migration.id}`.execute(tx)
      if (again.rows.length > 0) return
      if (migration.only === undefined || migration.only === engine) {
        for (const statement of translateSchema(engine, migration.sql).split(/;\s*\n|;\s*$/)) {
          if (statement.trim() !== '') await sql.raw(statement).execute(tx)
        }
      }
      await sql`insert into migrations (id, applied_at) values (${migration.id}, ${nowMs})`.execute(tx)
      applied.push(migration.id)
    })
  }
  return applied
}
