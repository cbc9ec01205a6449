import type { OrganizationId, UserId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'

interface ProofTable {
  key_hash: string
  organization_id: string
  purpose: string
  user_id: string | null
  email: string
  expires_at: number
}

declare module '#storage' {
  interface Tables {
    address_proofs: ProofTable
  }
}

export const proofMigrations: readonly Migration[] = [
  {
    id: '0641_authentication_address_proofs',
    sql: `create table address_proofs (key_hash text primary key, organization_id text not null, purpose text not null, user_id text,
  email text not null, expires_at int8 not null);
create index address_proofs_by_expiry on address_proofs (expires_at);
create index address_proofs_by_user on address_proofs (organization_id, user_id);`,
  },
]

/** An address that somebody has to show to be theirs by a link sent there: to change their own, or to make an account. */
export interface AddressProof {
  readonly organizationId: OrganizationId
  readonly purpose: 'change' | 'register'
  /** Undefined for `register`. */
  readonly userId: UserId | undefined
  readonly email: string
}

export async function insertProof(tx: Tx, keyHash: string, proof: AddressProof, expiresAtMs: number): Promise<void> {
  await tx
    .insertInto('address_proofs')
    .values({
      key_hash: keyHash,
      organization_id: proof.organizationId,
      purpose: proof.purpose,
      user_id: proof.userId ?? null,
      email: proof.email,
      expires_at: expiresAtMs,
    })
    .execute()
}

export async function findProof(db: Reader, keyHash: string, nowMs: number): Promise<AddressProof | undefined> {
  const row = await db
    .selectFrom('address_proofs')
    .selectAll()
    .where('key_hash', '=', keyHash)
    .where('expires_at', '>', nowMs)
    .executeTakeFirst()
  return (
    row && {
      organizationId: row.organization_id as OrganizationId,
      purpose: row.purpose as AddressProof['purpose'],
      userId: (row.user_id ?? undefined) as UserId | undefined,
      email: row.email,
    }
  )
}

/** Uses a proof up; false when it was used, or ended, in the meantime. */
export async function takeProof(tx: Tx, keyHash: string, nowMs: number): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('address_proofs')
    .where('key_hash', '=', keyHash)
    .where('expires_at', '>', nowMs)
    .executeTakeFirstOrThrow()
  return numDeletedRows === 1n
}

export async function listProofsOf(db: Reader, organization: OrganizationId, user: UserId, nowMs: number) {
  const rows = await db
    .selectFrom('address_proofs')
    .select(['email', 'expires_at'])
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('expires_at', '>', nowMs)
    .execute()
  return rows.map((row) => ({ email: row.email, expiresAtMs: row.expires_at }))
}

export async function deleteProofsOf(tx: Tx, organization: OrganizationId, user: UserId): Promise<void> {
  await tx
    .deleteFrom('address_proofs')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .execute()
}

export async function deleteExpiredProofs(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('address_proofs').where('expires_at', '<=', nowMs).execute()
}
