import type { OrganizationId, UserId } from '#kernel'
import type { Reader, Tx } from '#storage'

interface DeviceTable {
  key_hash: string
  organization_id: string
  user_id: string
  expires_at: number
}

declare module '#storage' {
  interface Tables {
    known_devices: DeviceTable
  }
}

/** How long a browser is remembered after a sign-in. */
export const deviceMs = 180 * 24 * 3_600_000

/** Whether this user has signed in before with the browser that holds the token of this hash. */
export async function isKnownDevice(
  db: Reader,
  keyHash: string,
  organization: OrganizationId,
  user: UserId,
  nowMs: number,
): Promise<boolean> {
  const row = await db
    .selectFrom('known_devices')
    .select('user_id')
    .where('key_hash', '=', keyHash)
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('expires_at', '>', nowMs)
    .executeTakeFirst()
  return row !== undefined
}

/** Whether the user has signed in before with any browser that is still remembered. */
export async function hasDevices(
  db: Reader,
  organization: OrganizationId,
  user: UserId,
  nowMs: number,
): Promise<boolean> {
  const row = await db
    .selectFrom('known_devices')
    .select('user_id')
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('expires_at', '>', nowMs)
    .executeTakeFirst()
  return row !== undefined
}

export async function saveDevice(
  tx: Tx,
  keyHash: string,
  organization: OrganizationId,
  user: UserId,
  nowMs: number,
): Promise<void> {
  await tx
    .insertInto('known_devices')
    .values({ key_hash: keyHash, organization_id: organization, user_id: user, expires_at: nowMs + deviceMs })
    .execute()
}

export async function deleteDevice(tx: Tx, keyHash: string): Promise<void> {
  await tx.deleteFrom('known_devices').where('key_hash', '=', keyHash).execute()
}

export async function deleteDevices(tx: Tx, organization: OrganizationId, user: UserId): Promise<void> {
  await tx.deleteFrom('known_devices').where('organization_id', '=', organization).where('user_id', '=', user).execute()
}

export async function deleteExpiredDevices(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('known_devices').where('expires_at', '<=', nowMs).execute()
}
