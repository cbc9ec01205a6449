import type { OrganizationId, UserId } from '#kernel'
import { type Reader, repeatedInsert, repeatedRead, type Tx } from '#storage'

interface DeviceTable {
  key_hash: string
  organization_id: string
  user_id: string
  expires_at: number
  /** Until when it may skip the second factor, under which public id, and the browser as it names itself; null for never. */
  trusted_until: number | null
  id: string | null
  agent: string | null
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
  return (await selectDevice(db, keyHash, organization, user, nowMs)).length > 0
}
const selectDevice = repeatedRead((db) =>
  db
    .selectFrom('known_devices')
    .select('user_id')
    .where('key_hash', '=', '')
    .where('organization_id', '=', '')
    .where('user_id', '=', '')
    .where('expires_at', '>', 0),
)

/** Whether the user has signed in before with any browser that is still remembered. */
export async function hasDevices(
  db: Reader,
  organization: OrganizationId,
  user: UserId,
  nowMs: number,
): Promise<boolean> {
  return (await selectAnyDevice(db, organization, user, nowMs, 1)).length > 0
}
const selectAnyDevice = repeatedRead((db) =>
  db
    .selectFrom('known_devices')
    .select('user_id')
    .where('organization_id', '=', '')
    .where('user_id', '=', '')
    .where('expires_at', '>', 0)
    .limit(1),
)

export async function saveDevice(
  tx: Tx,
  keyHash: string,
  organization: OrganizationId,
  user: UserId,
  nowMs: number,
): Promise<void> {
  await insertDevice(tx, {
    ...{ key_hash: keyHash, organization_id: organization, user_id: user, expires_at: nowMs + deviceMs },
    ...{ trusted_until: null, id: null, agent: null },
  })
}
const insertDevice = repeatedInsert('known_devices')

export async function deleteDevice(tx: Tx, keyHash: string): Promise<void> {
  await tx.deleteFrom('known_devices').where('key_hash', '=', keyHash).execute()
}

export async function deleteDevices(tx: Tx, organization: OrganizationId, user: UserId): Promise<void> {
  await tx.deleteFrom('known_devices').where('organization_id', '=', organization).where('user_id', '=', user).execute()
}

export async function deleteExpiredDevices(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('known_devices').where('expires_at', '<=', nowMs).execute()
}

/** A browser that may skip the second factor of one person. */
export interface TrustedDevice {
  readonly id: string
  readonly agent: string | undefined
  readonly untilMs: number
}

/** Lets a known device skip the second factor until a time. */
export async function trustDevice(
  tx: Tx,
  keyHash: string,
  user: UserId,
  device: { readonly id: string; readonly agent: string | undefined; readonly untilMs: number },
): Promise<void> {
  const { id, agent, untilMs } = device
  await tx
    .updateTable('known_devices')
    .set({ trusted_until: untilMs, id, agent: agent?.slice(0, 200) ?? null })
    .where('key_hash', '=', keyHash)
    .where('user_id', '=', user)
    .execute()
}

/** Whether the browser that holds the token of this hash may skip the second factor of this user. */
export async function isTrustedDevice(
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
    .where('trusted_until', '>', nowMs)
    .executeTakeFirst()
  return row !== undefined
}

/** The user's browsers that may skip the second factor, the longest first. */
export async function listTrustedDevices(
  db: Reader,
  organization: OrganizationId,
  user: UserId,
  nowMs: number,
): Promise<TrustedDevice[]> {
  const rows = await db
    .selectFrom('known_devices')
    .select(['id', 'agent', 'trusted_until'])
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('trusted_until', '>', nowMs)
    .orderBy('trusted_until', 'desc')
    .limit(100)
    .execute()
  return rows.map(({ id, agent, trusted_until }) => ({
    id: id ?? '',
    agent: agent ?? undefined,
    untilMs: trusted_until as number,
  }))
}

/** From now on the second factor is asked for again: of one browser, or of all of the user's. @returns how many there were */
export async function distrustDevices(
  tx: Tx,
  organization: OrganizationId,
  user: UserId,
  id?: string,
): Promise<number> {
  let query = tx
    .updateTable('known_devices')
    .set({ trusted_until: null })
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('trusted_until', 'is not', null)
  if (id !== undefined) query = query.where('id', '=', id)
  const { numUpdatedRows } = await query.executeTakeFirstOrThrow()
  return Number(numUpdatedRows)
}
