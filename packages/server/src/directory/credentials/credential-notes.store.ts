import type { Migration, Reader, Tx } from '#storage'

interface CredentialNoteTable {
  owner_id: string
  credential_id: string
  used_at: number | null
  /** The fewest days before its end of which an event has told. */
  warned_days: number | null
}

declare module '#storage' {
  interface Tables {
    credential_notes: CredentialNoteTable
  }
}

/** What is learnt of a secret or key after it was issued, beside the machine or application that has it. */
export const credentialNoteMigrations: readonly Migration[] = [
  {
    id: '0410_directory_credential_notes',
    sql: `create table credential_notes (owner_id text not null, credential_id text not null, used_at int8, warned_days int8,
  primary key (owner_id, credential_id));`,
  },
]

/** Notes the last use, where none is noted that is later. */
export async function markCredentialUsed(tx: Tx, ownerId: string, credentialId: string, atMs: number): Promise<void> {
  await tx
    .insertInto('credential_notes')
    .values({ owner_id: ownerId, credential_id: credentialId, used_at: atMs, warned_days: null })
    .onConflict((conflict) =>
      conflict
        .columns(['owner_id', 'credential_id'])
        .doUpdateSet({ used_at: atMs })
        .where((is) => is.or([is('credential_notes.used_at', 'is', null), is('credential_notes.used_at', '<', atMs)])),
    )
    .execute()
}

/** @returns false when somebody was told of as few days before */
export async function markCredentialWarned(
  tx: Tx,
  ownerId: string,
  credentialId: string,
  days: number,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('credential_notes')
    .values({ owner_id: ownerId, credential_id: credentialId, used_at: null, warned_days: days })
    .onConflict((conflict) =>
      conflict
        .columns(['owner_id', 'credential_id'])
        .doUpdateSet({ warned_days: days })
        .where((is) =>
          is.or([is('credential_notes.warned_days', 'is', null), is('credential_notes.warned_days', '>', days)]),
        ),
    )
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

export interface CredentialNote {
  readonly usedAtMs: number | undefined
  readonly warnedDays: number | undefined
}

/** By owner and credential, of these owners. */
export class CredentialNotes {
  readonly #notes = new Map<string, CredentialNote>()

  static async read(db: Reader, ownerIds: readonly string[]): Promise<CredentialNotes> {
    const found = new CredentialNotes()
    if (ownerIds.length === 0) return found
    const rows = await db.selectFrom('credential_notes').selectAll().where('owner_id', 'in', ownerIds).execute()
    for (const row of rows)
      found.#notes.set(`${row.owner_id} ${row.credential_id}`, {
        usedAtMs: row.used_at ?? undefined,
        warnedDays: row.warned_days ?? undefined,
      })
    return found
  }

  of(ownerId: string, credentialId: string): CredentialNote | undefined {
    return this.#notes.get(`${ownerId} ${credentialId}`)
  }
}

/** Forgets what is noted of credentials that are gone. */
export async function dropNotes(tx: Tx, ownerId: string, kept: readonly string[]): Promise<void> {
  let query = tx.deleteFrom('credential_notes').where('owner_id', '=', ownerId)
  if (kept.length > 0) query = query.where('credential_id', 'not in', kept)
  await query.execute()
}
