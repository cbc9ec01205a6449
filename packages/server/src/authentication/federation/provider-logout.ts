import type { Provider } from '#directory'
import { type Act, isFault } from '#kernel'
import type { Services } from '../services.ts'
import { hashToken } from '../sessions/session.ts'
import { findIdentity, hashSubject } from './identity.store.ts'
import { idTokenAlgorithms } from './upstream.ts'

const eventType = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Ends what a provider says has ended there: one session by `sid`, else all that came by the subject's identity (OpenID Connect
 * Back-Channel Logout §2.6). One that comes twice finds nothing to end. @returns false for a token that is none
 */
export async function takeLogoutToken(
  services: Services,
  act: Act,
  provider: Provider,
  token: unknown,
): Promise<boolean> {
  const { storage, clock, issuers, providerSessions } = services
  if (typeof token !== 'string' || token.length > 16_384) return false
  let claims: Readonly<Record<string, unknown>>
  const { decodeProtectedHeader, jwtVerify } = await import('jose')
  try {
    const { kid } = decodeProtectedHeader(token)
    const { payload } = await jwtVerify(token, await issuers.keysOf(provider, kid), {
      algorithms: idTokenAlgorithms,
      issuer: provider.issuer,
      audience: provider.clientId,
      clockTolerance: 60,
      currentDate: new Date(clock.nowMs()),
      requiredClaims: ['iat', 'jti', 'events'],
      maxTokenAge: 300,
    })
    claims = payload
  } catch (error) {
    if (isFault(error) && !isFault(error, 'web.issuer_unreachable')) throw error
    return false
  }
  const { events, nonce, sub, sid } = claims
  // A nonce is what an ID token has: one must not pass for a logout.
  const isLogout = typeof events === 'object' && events !== null && Object.hasOwn(events, eventType)
  if (!isLogout || nonce !== undefined || (typeof sub !== 'string' && typeof sid !== 'string')) return false
  const { organizationId } = provider
  const which = { organizationId, providerId: provider.id }
  await storage.transact(async (tx) => {
    const identity =
      typeof sub === 'string' ? await findIdentity(tx, organizationId, hashSubject(provider.issuer, sub)) : undefined
    if (typeof sub === 'string' && identity === undefined) return
    const one = {
      ...which,
      identityId: identity?.id,
      ...(typeof sid === 'string' && { sidHash: hashToken(sid) }),
    }
    const system: Act = { ...act, actor: { type: 'system', name: 'federation' } }
    await providerSessions.end(tx, system, one, 'ended at the identity provider')
  })
  return true
}
