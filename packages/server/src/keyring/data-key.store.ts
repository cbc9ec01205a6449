import type { Migration, Reader, Tx } from '#storage'
import { namedKeysMigration } from './named-key.store.ts'

export interface DataKeyRow {
  purpose: string
  /** Counts up from 1; the highest seals. */
  version: number
  root_key_id: string
  /** The 32 bytes, sealed by the root key. */
  wrapped: Uint8Array
  created_at: number
}

declare module '#storage' {
  interface Tables {
    data_keys: DataKeyRow
  }
}

export const keyringMigrations: readonly Migration[] = [
  namedKeysMigration,
  {
    id: '0100_keyring_keys',
    sql: `create table data_keys (purpose text not null, version int8 not null, root_key_id text not null, wrapped bytea not null,
  created_at int8 not null, primary key (purpose, version));
create table signing_keys (kid text primary key, algorithm text not null, state text not null, public_jwk text not null,
  sealed bytea, created_at int8 not null, activates_at int8 not null, retires_at int8, revision int8 not null);
create unique index signing_keys_published on signing_keys (algorithm) where state = 'published';
create unique index signing_keys_active on signing_keys (algorithm) where state = 'active';`,
  },
]

export async function listDataKeys(db: Reader): Promise<DataKeyRow[]> {
  return db.selectFrom('data_keys').selectAll().orderBy('purpose').orderBy('version').execute()
}

export async function findDataKey(db: Reader, purpose: string, version: number): Promise<DataKeyRow | undefined> {
  return db
    .selectFrom('data_keys')
    .selectAll()
    .where('purpose', '=', purpose)
    .where('version', '=', version)
    .executeTakeFirst()
}

/** @returns false when another node has made this version first */
export async function insertDataKey(tx: Tx, row: DataKeyRow): Promise<boolean> {
  const done = await tx
    .insertInto('data_keys')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

export async function replaceWrapping(tx: Tx, row: DataKeyRow): Promise<void> {
  await tx
    .updateTable('data_keys')
    .set({ wrapped: row.wrapped, root_key_id: row.root_key_id })
    .where('purpose', '=', row.purpose)
    .where('version', '=', row.version)
    .execute()
}
