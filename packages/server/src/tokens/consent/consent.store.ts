import type { Migration, Reader, Tx } from '#storage'

interface ConsentTable {
  user_id: string
  client_id: string
  /** Space-separated, sorted. */
  scopes: string
  given_at: number
}

declare module '#storage' {
  interface Tables {
    token_consents: ConsentTable
  }
}

export const consentMigrations: readonly Migration[] = [
  {
    id: '0702_tokens_consents',
    sql: `create table token_consents (user_id text not null, client_id text not null, scopes text not null, given_at int8 not null,
  primary key (user_id, client_id));
create index token_consents_by_client on token_consents (client_id);`,
  },
]

/** Scopes that this person has allowed this application so far. */
export async function findConsentedScopes(db: Reader, userId: string, clientId: string): Promise<string[]> {
  const row = await db
    .selectFrom('token_consents')
    .select('scopes')
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .executeTakeFirst()
  return row === undefined ? [] : row.scopes.split(' ')
}

export async function listConsents(db: Reader, userId: string) {
  const rows = await db.selectFrom('token_consents').selectAll().where('user_id', '=', userId).execute()
  return rows.map((row) => ({ clientId: row.client_id, scopes: row.scopes.split(' '), givenAtMs: row.given_at }))
}

/** Forgets what a person has allowed one application. @returns whether there was anything */
export async function deleteConsent(tx: Tx, userId: string, clientId: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('token_consents')
    .where('user_id', '=', userId)
    .where('client_id', '=', clientId)
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

/** Adds scopes to what was allowed before. */
export async function addConsent(
  tx: Tx,
  consent: { userId: string; clientId: string; scopes: readonly string[]; givenAtMs: number },
): Promise<void> {
  const before = await findConsentedScopes(tx, consent.userId, consent.clientId)
  const scopes = [...new Set([...before, ...consent.scopes])].sort().join(' ')
  await tx
    .insertInto('token_consents')
    .values({ user_id: consent.userId, client_id: consent.clientId, scopes, given_at: consent.givenAtMs })
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'client_id']).doUpdateSet({ scopes, given_at: consent.givenAtMs }),
    )
    .execute()
}

/** Forgets what a person (or everybody, with an application that is gone) has allowed. */
export async function deleteConsentsOf(tx: Tx, of: { userId: string } | { clientId: string }): Promise<void> {
  const query = tx.deleteFrom('token_consents')
  await ('userId' in of ? query.where('user_id', '=', of.userId) : query.where('client_id', '=', of.clientId)).execute()
}
