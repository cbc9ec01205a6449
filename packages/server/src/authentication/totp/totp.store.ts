import type { OrganizationId, UserId } from '#kernel'
import { type Reader, repeatedRead, type Tx } from '#storage'

interface TotpTable {
  organization_id: string
  user_id: string
  /** The secret, sealed for `totpPurpose` with the user's id as context. */
  sealed: Uint8Array
  /** The newest time step (RFC 6238 §4.2) whose code was taken. */
  last_step: number
  enrolled_at: number
}

declare module '#storage' {
  interface Tables {
    totp_secrets: TotpTable
  }
}

export async function findTotp(
  db: Reader,
  organization: OrganizationId,
  user: UserId,
): Promise<{ sealed: Uint8Array; enrolledAtMs: number } | undefined> {
  const [row] = await selectTotp(db, organization, user)
  return row && { sealed: row.sealed, enrolledAtMs: row.enrolled_at }
}
const selectTotp = repeatedRead((db) =>
  db
    .selectFrom('totp_secrets')
    .select(['sealed', 'enrolled_at'])
    .where('organization_id', '=', '')
    .where('user_id', '=', ''),
)

export async function saveTotp(
  tx: Tx,
  organization: OrganizationId,
  user: UserId,
  totp: { sealed: Uint8Array; lastStep: number; enrolledAtMs: number },
): Promise<void> {
  const values = { sealed: totp.sealed, last_step: totp.lastStep, enrolled_at: totp.enrolledAtMs }
  await tx
    .insertInto('totp_secrets')
    .values({ organization_id: organization, user_id: user, ...values })
    .onConflict((conflict) => conflict.columns(['organization_id', 'user_id']).doUpdateSet(values))
    .execute()
}

/** Takes a time step; false when it, or a later one, was taken already (RFC 6238 §5.2: a code is accepted once). */
export async function takeTotpStep(tx: Tx, organization: OrganizationId, user: UserId, step: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('totp_secrets')
    .set({ last_step: step })
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('last_step', '<', step)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

export async function deleteTotp(tx: Tx, organization: OrganizationId, user: UserId): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('totp_secrets')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}
