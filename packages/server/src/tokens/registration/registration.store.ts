import type { Migration, Reader, Tx } from '#storage'

interface RegistrationTokenTable {
  /** SHA-256 of the token, base64url. */
  id: string
  organization_id: string
  created_at: number
  expires_at: number
  uses_left: number
}

interface RegistrationAccessTable {
  client_id: string
  token_hash: string
}

declare module '#storage' {
  interface Tables {
    registration_tokens: RegistrationTokenTable
    registration_access: RegistrationAccessTable
  }
}

export const registrationMigrations: readonly Migration[] = [
  {
    id: '0712_tokens_registration',
    sql: `create table registration_tokens (id text not null primary key, organization_id text not null,
  created_at int8 not null, expires_at int8 not null, uses_left int8 not null);
create index registration_tokens_by_end on registration_tokens (expires_at);
create table registration_access (client_id text not null primary key, token_hash text not null);`,
  },
]

export interface RegistrationToken {
  readonly id: string
  readonly organizationId: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly usesLeft: number
}

export async function addRegistrationToken(tx: Tx, token: RegistrationToken): Promise<void> {
  await tx.deleteFrom('registration_tokens').where('expires_at', '<', token.createdAtMs).execute()
  await tx
    .insertInto('registration_tokens')
    .values({
      id: token.id,
      organization_id: token.organizationId,
      created_at: token.createdAtMs,
      expires_at: token.expiresAtMs,
      uses_left: token.usesLeft,
    })
    .execute()
}

/** Uses it once. @returns the organization that it is for; undefined when it is unknown, ended or used up */
export async function useRegistrationToken(tx: Tx, id: string, nowMs: number): Promise<string | undefined> {
  const rows = await tx
    .updateTable('registration_tokens')
    .set((row) => ({ uses_left: row('uses_left', '-', 1) }))
    .where('id', '=', id)
    .where('uses_left', '>', 0)
    .where('expires_at', '>', nowMs)
    .returning('organization_id')
    .execute()
  return rows[0]?.organization_id
}

export async function putRegistrationAccess(tx: Tx, clientId: string, tokenHash: string): Promise<void> {
  await tx
    .insertInto('registration_access')
    .values({ client_id: clientId, token_hash: tokenHash })
    .onConflict((conflict) => conflict.column('client_id').doUpdateSet({ token_hash: tokenHash }))
    .execute()
}

export async function findRegistrationAccess(db: Reader, clientId: string): Promise<string | undefined> {
  const query = db.selectFrom('registration_access').select('token_hash').where('client_id', '=', clientId)
  return (await query.executeTakeFirst())?.token_hash
}

export async function deleteRegistrationAccess(tx: Tx, clientId: string): Promise<void> {
  await tx.deleteFrom('registration_access').where('client_id', '=', clientId).execute()
}
