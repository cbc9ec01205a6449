import type { Migration, Reader, Tx } from '#storage'

export interface PersonKeyRow {
  /** Id of the user. */
  subject: string
  /** 32 bytes, sealed by the keyring for this subject. */
  sealed: Uint8Array
  created_at: number
}

declare module '#storage' {
  interface Tables {
    audit_person_keys: PersonKeyRow
  }
}

export const personKeyMigration: Migration = {
  id: '1104_audit_person_keys',
  sql: 'create table audit_person_keys (subject text primary key, sealed bytea not null, created_at int8 not null);',
}

export async function listPersonKeys(db: Reader, subjects: readonly string[]): Promise<PersonKeyRow[]> {
  if (subjects.length === 0) return []
  return db
    .selectFrom('audit_person_keys')
    .selectAll()
    .where('subject', 'in', [...subjects])
    .execute()
}

export async function insertPersonKeys(tx: Tx, rows: readonly PersonKeyRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += 500)
    await tx
      .insertInto('audit_person_keys')
      .values(rows.slice(at, at + 500))
      .execute()
}

/** @returns whether there was a key */
export async function destroyPersonKey(tx: Tx, subject: string): Promise<boolean> {
  const done = await tx.deleteFrom('audit_person_keys').where('subject', '=', subject).executeTakeFirst()
  return done.numDeletedRows === 1n
}
