import type { Selectable } from 'kysely'
import type { OrganizationId, UserId } from '#kernel'
import { type Reader, repeatedInsert, repeatedRead, type Tx } from '#storage'
import { type Acr, factorsOfAmr, type Session, type SessionId } from './session.ts'

interface SessionTable {
  key_hash: string
  id: string
  organization_id: string
  user_id: string
  started_at: number
  authenticated_at: number
  seen_at: number
  idle_until: number
  expires_at: number
  /** JSON. */
  amr: string
  acr: string
  /** JSON; null in what an older version writes. */
  factors: string | null
  provider: string | null
  address: string | null
  agent: string | null
}

declare module '#storage' {
  interface Tables {
    sessions: SessionTable
  }
}

const toSession = (row: Selectable<SessionTable>): Session => ({
  id: row.id as SessionId,
  organizationId: row.organization_id as OrganizationId,
  userId: row.user_id as UserId,
  startedAtMs: row.started_at,
  authenticatedAtMs: row.authenticated_at,
  seenAtMs: row.seen_at,
  idleUntilMs: row.idle_until,
  expiresAtMs: row.expires_at,
  amr: JSON.parse(row.amr) as string[],
  acr: row.acr as Acr,
  factors: row.factors === null ? factorsOfAmr(JSON.parse(row.amr)) : (JSON.parse(row.factors) as string[]),
  ...(row.provider !== null && { provider: row.provider }),
  address: row.address ?? undefined,
  agent: row.agent ?? undefined,
})

export async function insertSession(tx: Tx, keyHash: string, session: Session): Promise<void> {
  await insertRow(tx, {
    key_hash: keyHash,
    id: session.id,
    organization_id: session.organizationId,
    user_id: session.userId,
    started_at: session.startedAtMs,
    authenticated_at: session.authenticatedAtMs,
    seen_at: session.seenAtMs,
    idle_until: session.idleUntilMs,
    expires_at: session.expiresAtMs,
    amr: JSON.stringify(session.amr),
    acr: session.acr,
    factors: JSON.stringify(session.factors),
    provider: session.provider ?? null,
    address: session.address ?? null,
    agent: session.agent ?? null,
  })
}
const insertRow = repeatedInsert('sessions')

/** The session of a token's hash, unless a limit has passed. */
export async function findSessionByKey(db: Reader, keyHash: string, nowMs: number): Promise<Session | undefined> {
  const [row] = await selectByKey(db, keyHash, nowMs, nowMs)
  return row && toSession(row)
}
const selectByKey = repeatedRead((db) =>
  db
    .selectFrom('sessions')
    .selectAll()
    .where('key_hash', '=', '')
    .where('expires_at', '>', 0)
    .where('idle_until', '>', 0),
)

export async function findSessionById(db: Reader, id: SessionId, nowMs: number): Promise<Session | undefined> {
  const row = await db
    .selectFrom('sessions')
    .selectAll()
    .where('id', '=', id)
    .where('expires_at', '>', nowMs)
    .where('idle_until', '>', nowMs)
    .executeTakeFirst()
  return row && toSession(row)
}

/** Whether somebody of the organization has a live session that came from this address. */
export async function isOwnAddress(
  db: Reader,
  organization: OrganizationId,
  address: string,
  nowMs: number,
): Promise<boolean> {
  const row = await db
    .selectFrom('sessions')
    .select('id')
    .where('organization_id', '=', organization)
    .where('address', '=', address)
    .where('expires_at', '>', nowMs)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** A user's live sessions, newest first, at most 200. */
export async function listSessions(
  db: Reader,
  organization: OrganizationId,
  user: UserId,
  nowMs: number,
): Promise<Session[]> {
  const rows = await db
    .selectFrom('sessions')
    .selectAll()
    .where('organization_id', '=', organization)
    .where('user_id', '=', user)
    .where('expires_at', '>', nowMs)
    .where('idle_until', '>', nowMs)
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(200)
    .execute()
  return rows.map(toSession)
}

export async function touchSession(tx: Tx, keyHash: string, seenAtMs: number, idleUntilMs: number): Promise<void> {
  await tx
    .updateTable('sessions')
    .set({ seen_at: seenAtMs, idle_until: idleUntilMs })
    .where('key_hash', '=', keyHash)
    .where('seen_at', '<', seenAtMs)
    .execute()
}

/** Gives the session another key and what changed with it; false when it has ended meanwhile. */
export async function rotateSession(tx: Tx, keyHash: string, newKeyHash: string, session: Session): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('sessions')
    .set({
      key_hash: newKeyHash,
      authenticated_at: session.authenticatedAtMs,
      seen_at: session.seenAtMs,
      idle_until: session.idleUntilMs,
      expires_at: session.expiresAtMs,
      amr: JSON.stringify(session.amr),
      acr: session.acr,
      factors: JSON.stringify(session.factors),
      provider: session.provider ?? null,
      address: session.address ?? null,
      agent: session.agent ?? null,
    })
    .where('key_hash', '=', keyHash)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

export async function deleteSession(tx: Tx, id: SessionId): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom('sessions').where('id', '=', id).executeTakeFirstOrThrow()
  return numDeletedRows === 1n
}

/** Deletes a user's sessions but one; with no user those of the whole organization. */
export async function deleteSessions(
  tx: Tx,
  organization: OrganizationId,
  user: UserId | undefined,
  except?: SessionId,
): Promise<number> {
  let query = tx.deleteFrom('sessions').where('organization_id', '=', organization)
  if (user !== undefined) query = query.where('user_id', '=', user)
  if (except !== undefined) query = query.where('id', '!=', except)
  return Number((await query.executeTakeFirstOrThrow()).numDeletedRows)
}

/** Deletes what is past a limit: two range deletes over their indexes. */
export async function deleteExpiredSessions(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('sessions').where('expires_at', '<=', nowMs).execute()
  await tx.deleteFrom('sessions').where('idle_until', '<=', nowMs).execute()
}
