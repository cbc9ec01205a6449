import type { OrganizationId, UserId } from '#kernel'
import type { Tx } from '#storage'
import type { Session, SessionId } from '../sessions/session.ts'
import type { Federation } from '../sign-in/attempt.store.ts'

/** Which sessions came by which identity, for when the provider or somebody here ends them. */
interface FederatedSessionTable {
  session_id: string
  organization_id: string
  user_id: string
  provider_id: string
  identity_id: string
  sid_hash: string | null
  expires_at: number
}

declare module '#storage' {
  interface Tables {
    federated_sessions: FederatedSessionTable
  }
}

/** Stands in the transaction in which the session begins. */
export async function noteFederatedSession(tx: Tx, session: Session, it: Federation): Promise<void> {
  const { session_id, ...rest } = {
    session_id: session.id,
    organization_id: session.organizationId,
    user_id: session.userId,
    provider_id: it.providerId,
    identity_id: it.identityId,
    sid_hash: it.sidHash ?? null,
    expires_at: session.expiresAtMs,
  }
  await tx
    .insertInto('federated_sessions')
    .values({ session_id, ...rest })
    .onConflict((conflict) => conflict.column('session_id').doUpdateSet(rest))
    .execute()
}

export interface WhichSessions {
  readonly organizationId: OrganizationId
  readonly providerId: string
  readonly identityId?: string | undefined
  readonly sidHash?: string | undefined
}

/** Forgets sessions that came by a provider and tells which they were; at most 500 at once. */
export async function takeFederatedSessions(
  tx: Tx,
  it: WhichSessions,
): Promise<{ readonly sessionId: SessionId; readonly userId: UserId }[]> {
  let query = tx
    .selectFrom('federated_sessions')
    .select(['session_id', 'user_id'])
    .where('organization_id', '=', it.organizationId)
    .where('provider_id', '=', it.providerId)
  if (it.identityId !== undefined) query = query.where('identity_id', '=', it.identityId)
  if (it.sidHash !== undefined) query = query.where('sid_hash', '=', it.sidHash)
  const rows = await query.orderBy('session_id').limit(500).execute()
  if (rows.length === 0) return []
  const ids = rows.map(({ session_id }) => session_id)
  await tx.deleteFrom('federated_sessions').where('session_id', 'in', ids).execute()
  return rows.map(({ session_id, user_id }) => ({ sessionId: session_id as SessionId, userId: user_id as UserId }))
}

export async function deleteExpiredFederatedSessions(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('federated_sessions').where('expires_at', '<=', nowMs).execute()
}
