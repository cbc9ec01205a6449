import { findProvider, type ProviderId } from '#directory'
import type { Tx } from '#storage'
import type { Session } from '../sessions/session.ts'
import type { Federation } from '../sign-in/attempt.store.ts'
import { noteFederatedSession } from './federated-session.store.ts'
import { findIdentityById } from './identity.store.ts'

/**
 * Ties a session that begins to the provider that vouches for its person; false when it no longer may: suspended, deleted, or
 * unlinked while the person was at a second step.
 */
export async function tieToProvider(tx: Tx, session: Session, it: Federation): Promise<boolean> {
  const provider = await findProvider(tx, it.providerId as ProviderId)
  const identity = await findIdentityById(tx, session.organizationId, it.identityId)
  if (provider?.state !== 'active' || identity?.userId !== session.userId) return false
  await noteFederatedSession(tx, session, it)
  return true
}
