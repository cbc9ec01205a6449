import { createHash } from 'node:crypto'
import type { Id, OrganizationId, UserId } from '#kernel'
import type { Reader, Tx } from '#storage'

export type IdentityId = Id<'lid'>

/** That a person here and a subject at a provider are the same. What the provider knows the person by is sealed. */
export interface Identity {
  readonly organizationId: OrganizationId
  readonly id: IdentityId
  readonly providerId: string
  readonly userId: UserId
  /** Of issuer and subject: what it is found by. */
  readonly subjectHash: string
  /** JSON `{ subject, email?, name? }`, sealed for the user. */
  readonly sealed: Uint8Array
  readonly linkedAtMs: number
  readonly usedAtMs: number | undefined
  /** Whether its first use opens an account that an administrator has approved. */
  readonly opens: boolean
}

interface IdentityTable {
  organization_id: string
  id: string
  provider_id: string
  user_id: string
  subject_hash: string
  sealed: Uint8Array
  linked_at: number
  used_at: number | null
  opens: number
}

declare module '#storage' {
  interface Tables {
    linked_identities: IdentityTable
  }
}

/** What a subject is found by. A subject is unique to its issuer only (OpenID Connect Core §2). */
export const hashSubject = (issuer: string, subject: string): string =>
  createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex')

const toIdentity = (row: IdentityTable): Identity => ({
  organizationId: row.organization_id as OrganizationId,
  id: row.id as IdentityId,
  providerId: row.provider_id,
  userId: row.user_id as UserId,
  subjectHash: row.subject_hash,
  sealed: row.sealed,
  linkedAtMs: row.linked_at,
  usedAtMs: row.used_at ?? undefined,
  opens: row.opens === 1,
})

export async function findIdentity(
  db: Reader,
  organization: OrganizationId,
  subjectHash: string,
): Promise<Identity | undefined> {
  const row = await db
    .selectFrom('linked_identities')
    .selectAll()
    .where('organization_id', '=', organization)
    .where('subject_hash', '=', subjectHash)
    .executeTakeFirst()
  return row && toIdentity(row)
}

export async function findIdentityById(
  db: Reader,
  organization: OrganizationId,
  id: string,
): Promise<Identity | undefined> {
  const row = await db
    .selectFrom('linked_identities')
    .selectAll()
    .where('organization_id', '=', organization)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && toIdentity(row)
}

export async function listIdentities(db: Reader, organization: OrganizationId, user: UserId): Promise<Identity[]> {
  const rows = await db
    .selectFrom('linked_identities')
    .selectAll()
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .orderBy('linked_at')
    .orderBy('id')
    .execute()
  return rows.map(toIdentity)
}

/** @returns false when the subject is linked already, to whomever */
export async function insertIdentity(tx: Tx, it: Identity): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('linked_identities')
    .values({
      organization_id: it.organizationId,
      id: it.id,
      provider_id: it.providerId,
      user_id: it.userId,
      subject_hash: it.subjectHash,
      sealed: it.sealed,
      linked_at: it.linkedAtMs,
      used_at: it.usedAtMs ?? null,
      opens: it.opens ? 1 : 0,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

/** Notes a use; false when it was unlinked meanwhile. */
export async function useIdentity(
  tx: Tx,
  it: Pick<Identity, 'organizationId' | 'id'>,
  nowMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('linked_identities')
    .set({ used_at: nowMs, opens: 0 })
    .where('organization_id', '=', it.organizationId)
    .where('id', '=', it.id)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

export async function deleteIdentity(tx: Tx, it: Pick<Identity, 'organizationId' | 'id'>): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('linked_identities')
    .where('organization_id', '=', it.organizationId)
    .where('id', '=', it.id)
    .executeTakeFirstOrThrow()
  return numDeletedRows === 1n
}

export async function deleteIdentitiesOf(tx: Tx, organization: OrganizationId, user: UserId): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('linked_identities')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

export async function deleteIdentitiesAt(tx: Tx, organization: OrganizationId, provider: string): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('linked_identities')
    .where('organization_id', '=', organization)
    .where('provider_id', '=', provider)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}
