import type { Branding } from '#directory'
import type { OrganizationId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'

interface PreviewTable {
  key_hash: string
  organization_id: string
  branding: string
  expires_at: number
}

declare module '#storage' {
  interface Tables {
    brand_previews: PreviewTable
  }
}

export const previewMigrations: readonly Migration[] = [
  {
    id: '0640_authentication_brand_previews',
    sql: `create table brand_previews (key_hash text primary key, organization_id text not null, branding text not null,
  expires_at int8 not null);
create index brand_previews_by_expiry on brand_previews (expires_at);
create index brand_previews_by_organization on brand_previews (organization_id, expires_at);`,
  },
]

/** A branding that is looked at before it is in force. */
export interface Preview {
  readonly organizationId: OrganizationId
  readonly branding: Branding
}

const most = 20

/** Keeps a preview; the oldest ones of an organization go. */
export async function insertPreview(tx: Tx, keyHash: string, preview: Preview, expiresAtMs: number): Promise<void> {
  const { organizationId } = preview
  const older = await tx
    .selectFrom('brand_previews')
    .select('key_hash')
    .where('organization_id', '=', organizationId)
    .orderBy('expires_at', 'desc')
    .offset(most - 1)
    .limit(most)
    .execute()
  if (older.length > 0)
    await tx
      .deleteFrom('brand_previews')
      .where(
        'key_hash',
        'in',
        older.map((row) => row.key_hash),
      )
      .execute()
  await tx
    .insertInto('brand_previews')
    .values({
      key_hash: keyHash,
      organization_id: organizationId,
      branding: JSON.stringify(preview.branding),
      expires_at: expiresAtMs,
    })
    .execute()
}

export async function findPreview(db: Reader, keyHash: string, nowMs: number): Promise<Preview | undefined> {
  const row = await db
    .selectFrom('brand_previews')
    .select(['organization_id', 'branding'])
    .where('key_hash', '=', keyHash)
    .where('expires_at', '>', nowMs)
    .executeTakeFirst()
  return row && { organizationId: row.organization_id as OrganizationId, branding: JSON.parse(row.branding) }
}

export async function deleteExpiredPreviews(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('brand_previews').where('expires_at', '<=', nowMs).execute()
}
