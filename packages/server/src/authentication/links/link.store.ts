import type { OrganizationId, UserId } from '#kernel'
import type { Reader, Tx } from '#storage'

export type LinkPurpose = 'setup' | 'invitation' | 'reset' | 'recovery'

/** A link that lets whoever holds it enrol, once. */
export interface OneTimeLink {
  readonly purpose: LinkPurpose
  readonly organizationId: OrganizationId
  /** Undefined for `setup`: there is no user yet. */
  readonly userId: UserId | undefined
  readonly expiresAtMs: number
  /** The address that it was mailed to, and shown to nobody else. */
  readonly mailedTo?: string | undefined
}

interface LinkTable {
  key_hash: string
  purpose: string
  organization_id: string
  user_id: string | null
  expires_at: number
  used_at: number | null
  /** The address that it was mailed to, and to nobody else. */
  mailed_to: string | null
}

declare module '#storage' {
  interface Tables {
    one_time_links: LinkTable
  }
}

export async function insertLink(tx: Tx, keyHash: string, link: OneTimeLink): Promise<void> {
  await tx
    .insertInto('one_time_links')
    .values({
      key_hash: keyHash,
      purpose: link.purpose,
      organization_id: link.organizationId,
      user_id: link.userId ?? null,
      expires_at: link.expiresAtMs,
      used_at: null,
      mailed_to: link.mailedTo ?? null,
    })
    .execute()
}

/** The link, if it can still be used. */
export async function findLink(db: Reader, keyHash: string, nowMs: number): Promise<OneTimeLink | undefined> {
  const row = await db
    .selectFrom('one_time_links')
    .selectAll()
    .where('key_hash', '=', keyHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .executeTakeFirst()
  return (
    row && {
      purpose: row.purpose as LinkPurpose,
      organizationId: row.organization_id as OrganizationId,
      userId: (row.user_id ?? undefined) as UserId | undefined,
      expiresAtMs: row.expires_at,
      mailedTo: row.mailed_to ?? undefined,
    }
  )
}

/**
 * Uses a link up; undefined when it was used, voided or is too old. Whoever uses one that was mailed to them reads that address.
 */
export async function takeLink(
  tx: Tx,
  keyHash: string,
  nowMs: number,
): Promise<{ readonly mailedTo: string | undefined } | undefined> {
  const used = await tx
    .updateTable('one_time_links')
    .set({ used_at: nowMs })
    .where('key_hash', '=', keyHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .returning('mailed_to')
    .executeTakeFirst()
  return used && { mailedTo: used.mailed_to ?? undefined }
}

/** How many links of a purpose a user could still use. */
export async function countLinks(
  db: Reader,
  organization: OrganizationId,
  user: UserId,
  purpose: LinkPurpose,
  nowMs: number,
): Promise<number> {
  const rows = await db
    .selectFrom('one_time_links')
    .select('key_hash')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('purpose', '=', purpose)
    .where('used_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .execute()
  return rows.length
}

/** Voids every set-up link. */
export async function deleteSetupLinks(tx: Tx): Promise<void> {
  await tx.deleteFrom('one_time_links').where('purpose', '=', 'setup').execute()
}

/** Voids every link of a user. */
export async function deleteLinksOf(tx: Tx, organization: OrganizationId, user: UserId): Promise<void> {
  await tx
    .deleteFrom('one_time_links')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .execute()
}

export async function deleteExpiredLinks(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('one_time_links').where('expires_at', '<=', nowMs).execute()
}
