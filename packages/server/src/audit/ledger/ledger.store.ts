import { type Migration, type Reader, repeatedInserts, type Tx } from '#storage'
import { personKeyMigration } from '../persons/person-key.store.ts'
import { holdLevelMigration, minimumMigration, retentionMigration } from '../retention/retention.store.ts'
import { searchMigrations } from '../search/index.store.ts'
import { sinkMigration } from '../sinks/sink.store.ts'
import { witnessMigration } from '../witnesses/witness.store.ts'

interface LedgerStateTable {
  one: number
  /** Leaves in the tree; equals the feed position of the last. */
  size: number
  origin: string
  checkpoint: string
  updated_at: number
}

/** One row a tile, holding its widest form: a narrower partial tile is its beginning. */
interface LedgerTileTable {
  /** 0 to 63; -1 for entry bundles. */
  level: number
  tile: number
  width: number
  bytes: Uint8Array
}

interface LedgerEntryTable {
  position: number
  organization_id: string | null
  /** Null once erased. */
  salt: Uint8Array | null
  body: string | null
}

declare module '#storage' {
  interface Tables {
    ledger_state: LedgerStateTable
    ledger_tiles: LedgerTileTable
    ledger_entries: LedgerEntryTable
  }
}

export const auditMigrations: readonly Migration[] = [
  {
    id: '1100_audit_ledger',
    sql: `create table ledger_state (one int8 primary key, size int8 not null, origin text not null, checkpoint text not null,
  updated_at int8 not null);
create table ledger_tiles (level int8 not null, tile int8 not null, width int8 not null, bytes bytea not null, primary key (level, tile));
create table ledger_entries (position int8 primary key, organization_id text, salt bytea, body text);`,
  },
  witnessMigration,
  sinkMigration,
  ...searchMigrations,
  personKeyMigration,
  retentionMigration,
  holdLevelMigration,
  minimumMigration,
]

export interface LedgerEntry {
  readonly position: number
  readonly organizationId: string | undefined
  readonly salt: Uint8Array | undefined
  readonly body: string | undefined
}

export async function findLedgerState(
  db: Reader,
): Promise<{ size: number; origin: string; checkpoint: string; updatedAtMs: number } | undefined> {
  return db
    .selectFrom('ledger_state')
    .select(['size', 'origin', 'checkpoint', 'updated_at as updatedAtMs'])
    .where('one', '=', 1)
    .executeTakeFirst()
}

/** Rows counted before requests get their turn. */
const countedAtOnce = 1_000

/** How many entries have a row after `from` up to `to`. */
export async function countEntries(db: Reader, from: number, to: number): Promise<number> {
  let count = 0
  for (let at = from; at < to; at += countedAtOnce) {
    if (at > from) await new Promise((resolve) => setImmediate(resolve))
    const row = await db
      .selectFrom('ledger_entries')
      .select((e) => e.fn.countAll().as('n'))
      .where('position', '>', at)
      .where('position', '<=', Math.min(to, at + countedAtOnce))
      .executeTakeFirst()
    count += Number(row?.n ?? 0)
  }
  return count
}

/** @returns false when another node has begun the ledger or moved it beyond `from` */
export async function moveLedger(
  tx: Tx,
  from: number | undefined,
  to: { size: number; origin: string; checkpoint: string; updatedAtMs: number },
): Promise<boolean> {
  const { updatedAtMs, ...row } = to
  if (from === undefined) {
    const begun = await tx
      .insertInto('ledger_state')
      .values({ one: 1, ...row, updated_at: updatedAtMs })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    return begun.numInsertedOrUpdatedRows === 1n
  }
  const moved = await tx
    .updateTable('ledger_state')
    .set({ ...row, updated_at: updatedAtMs })
    .where('one', '=', 1)
    .where('size', '=', from)
    .executeTakeFirst()
  return moved.numUpdatedRows === 1n
}

export async function findLedgerTile(
  db: Reader,
  level: number,
  tile: number,
): Promise<{ width: number; bytes: Uint8Array } | undefined> {
  return db
    .selectFrom('ledger_tiles')
    .select(['width', 'bytes'])
    .where('level', '=', level)
    .where('tile', '=', tile)
    .executeTakeFirst()
}

export async function saveLedgerTile(
  tx: Tx,
  row: { level: number; tile: number; width: number; bytes: Uint8Array },
): Promise<void> {
  await tx
    .insertInto('ledger_tiles')
    .values(row)
    .onConflict((conflict) => conflict.columns(['level', 'tile']).doUpdateSet({ width: row.width, bytes: row.bytes }))
    .execute()
}

const insertEntries = repeatedInserts('ledger_entries')

export async function insertLedgerEntries(tx: Tx, entries: readonly LedgerEntry[]): Promise<void> {
  const rows = entries.map((entry) => ({
    position: entry.position,
    organization_id: entry.organizationId ?? null,
    salt: entry.salt ?? null,
    body: entry.body ?? null,
  }))
  await insertEntries(tx, rows)
}

export async function findLedgerEntry(db: Reader, position: number): Promise<LedgerEntry | undefined> {
  const row = await db.selectFrom('ledger_entries').selectAll().where('position', '=', position).executeTakeFirst()
  return row && toEntry(row)
}

export async function listLedgerEntries(db: Reader, after: number, limit: number): Promise<LedgerEntry[]> {
  const rows = await db
    .selectFrom('ledger_entries')
    .selectAll()
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute()
  return rows.map(toEntry)
}

/** Destroys salt and body; the leaf stays, and says nothing any more. @returns those that had one */
export async function eraseLedgerEntries(tx: Tx, positions: readonly number[]): Promise<number[]> {
  if (positions.length === 0) return []
  const rows = await tx
    .updateTable('ledger_entries')
    .set({ salt: null, body: null })
    .where('position', 'in', [...positions])
    .where('body', 'is not', null)
    .returning('position')
    .execute()
  return rows.map((row) => row.position)
}

function toEntry(row: LedgerEntryTable): LedgerEntry {
  return {
    position: row.position,
    organizationId: row.organization_id ?? undefined,
    salt: row.salt ?? undefined,
    body: row.body ?? undefined,
  }
}
