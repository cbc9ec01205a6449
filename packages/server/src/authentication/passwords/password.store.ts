import type { OrganizationId, UserId } from '#kernel'
import { type Reader, repeatedRead, type Tx } from '#storage'

interface PasswordTable {
  organization_id: string
  user_id: string
  /** Argon2id as a PHC string. */
  phc: string
  set_at: number
}

declare module '#storage' {
  interface Tables {
    passwords: PasswordTable
  }
}

export async function findPassword(
  db: Reader,
  organization: OrganizationId,
  user: UserId,
): Promise<{ phc: string; setAtMs: number } | undefined> {
  const [row] = await selectPassword(db, organization, user)
  return row && { phc: row.phc, setAtMs: row.set_at }
}
const selectPassword = repeatedRead((db) =>
  db.selectFrom('passwords').select(['phc', 'set_at']).where('organization_id', '=', '').where('user_id', '=', ''),
)

export async function savePassword(
  tx: Tx,
  organization: OrganizationId,
  user: UserId,
  phc: string,
  setAtMs: number,
): Promise<void> {
  await tx
    .insertInto('passwords')
    .values({ organization_id: organization, user_id: user, phc, set_at: setAtMs })
    .onConflict((conflict) => conflict.columns(['organization_id', 'user_id']).doUpdateSet({ phc, set_at: setAtMs }))
    .execute()
}

/** Puts a stronger hash of the same password in place of `former`; false when it was changed meanwhile. */
export async function replaceHash(
  tx: Tx,
  organization: OrganizationId,
  user: UserId,
  former: string,
  phc: string,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('passwords')
    .set({ phc })
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('phc', '=', former)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

export async function deletePassword(tx: Tx, organization: OrganizationId, user: UserId): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('passwords')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}
