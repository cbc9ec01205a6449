import type { Selectable } from 'kysely'
import type { Id, OrganizationId, UserId } from '#kernel'
import { type Reader, repeatedRead, type Tx } from '#storage'

export type PasskeyId = Id<'pk'>

export interface Passkey {
  readonly id: PasskeyId
  readonly organizationId: OrganizationId
  readonly userId: UserId
  /** base64url, as browsers spell it. */
  readonly credentialId: string
  /** COSE_Key (RFC 9052 §7). */
  readonly publicKey: Uint8Array
  readonly counter: number
  readonly transports: readonly string[]
  readonly name: string
  readonly backedUp: boolean
  readonly aaguid: string
  readonly addedAtMs: number
  readonly usedAtMs: number | undefined
}

interface PasskeyTable {
  organization_id: string
  user_id: string
  id: string
  credential_id: string
  public_key: Uint8Array
  counter: number
  /** JSON. */
  transports: string
  name: string
  backed_up: number
  aaguid: string
  added_at: number
  used_at: number | null
}

declare module '#storage' {
  interface Tables {
    passkeys: PasskeyTable
  }
}

const toPasskey = (row: Selectable<PasskeyTable>): Passkey => ({
  id: row.id as PasskeyId,
  organizationId: row.organization_id as OrganizationId,
  userId: row.user_id as UserId,
  credentialId: row.credential_id,
  publicKey: row.public_key,
  counter: row.counter,
  transports: JSON.parse(row.transports) as string[],
  name: row.name,
  backedUp: row.backed_up === 1,
  aaguid: row.aaguid,
  addedAtMs: row.added_at,
  usedAtMs: row.used_at ?? undefined,
})

/** False when the credential is known already. */
export async function insertPasskey(tx: Tx, passkey: Passkey): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('passkeys')
    .values({
      organization_id: passkey.organizationId,
      user_id: passkey.userId,
      id: passkey.id,
      credential_id: passkey.credentialId,
      public_key: passkey.publicKey,
      counter: passkey.counter,
      transports: JSON.stringify(passkey.transports),
      name: passkey.name,
      backed_up: passkey.backedUp ? 1 : 0,
      aaguid: passkey.aaguid,
      added_at: passkey.addedAtMs,
      used_at: passkey.usedAtMs ?? null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

export async function listPasskeys(db: Reader, organization: OrganizationId, user: UserId): Promise<Passkey[]> {
  return (await selectPasskeys(db, organization, user)).map(toPasskey)
}
const selectPasskeys = repeatedRead((db) =>
  db.selectFrom('passkeys').selectAll().where('organization_id', '=', '').where('user_id', '=', '').orderBy('id'),
)

export async function findPasskeyByCredential(db: Reader, credentialId: string): Promise<Passkey | undefined> {
  const [row] = await selectByCredential(db, credentialId)
  return row && toPasskey(row)
}
const selectByCredential = repeatedRead((db) => db.selectFrom('passkeys').selectAll().where('credential_id', '=', ''))

/**
 * Notes a use. False when the counter does not grow as it must: a copy of the authenticator may exist (WebAuthn §6.1.1).
 * Authenticators that keep no counter always say zero.
 */
export async function usePasskey(
  tx: Tx,
  passkey: Passkey,
  use: { counter: number; backedUp: boolean; atMs: number },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('passkeys')
    .set({ counter: use.counter, backed_up: use.backedUp ? 1 : 0, used_at: use.atMs })
    .where('organization_id', '=', passkey.organizationId)
    .where('user_id', '=', passkey.userId)
    .where('id', '=', passkey.id)
    .where((where) => where.or([where('counter', '<', use.counter), where('counter', '=', 0)]))
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

export async function deletePasskey(tx: Tx, organization: OrganizationId, user: UserId, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('passkeys')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return numDeletedRows === 1n
}

export async function deletePasskeys(tx: Tx, organization: OrganizationId, user: UserId): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('passkeys')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}
