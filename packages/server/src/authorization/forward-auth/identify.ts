import type { FastifyRequest } from 'fastify'
import type { ApplicationId } from '#kernel'
import { actorsIn, entityOfId } from '../entities/actors.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Strength } from '../obligations/strength.ts'
import type { Forwarded } from './forwarded.ts'
import { GatewayCookies } from './gateway-cookies.ts'
import type { GatewayMemory } from './gateway-memory.ts'
import type { GatewaySession, SessionFinder, TokenClaims, TokenVerifier } from './ports.ts'

export interface Identified {
  readonly principal: EntityUid
  readonly session?: GatewaySession
  /** How surely: of the session, or of the sign-in that a token comes from. */
  readonly strength: Strength
  /** Who acts for the principal by a token, the present one first. */
  readonly actors?: readonly EntityUid[]
  /** The OAuth client that a token was issued to. */
  readonly client?: string | undefined
  /** The only actions that the credential is for; undefined: whatever the principal may. */
  readonly actions?: readonly string[] | undefined
  /** Scopes of the token or API key, for the service behind the gateway. */
  readonly scope?: string | undefined
}

/** What a request shows of whom it comes from, nothing of it checked: an access token, else the gateway's cookie of this origin. */
export function credentialOf(request: FastifyRequest, origin: string): string | undefined {
  return request.headers.authorization ?? request.cookies[GatewayCookies.nameOf(origin, 'gateway')]
}

const credentialPart = (claims: TokenClaims | undefined) =>
  claims && { client: claims.client_id, actions: claims.actions, scope: claims.scope }

export interface IdentifyDeps {
  readonly memory: GatewayMemory
  readonly cookies: GatewayCookies
  readonly tokens: TokenVerifier
  readonly sessions: SessionFinder
}

/**
 * Who a request through a gateway comes from: an access token for this application when it carries one (and then nothing
 * else), the gateway cookie of this origin, or the session cookie where Gatehouse and application share a host. `not-now`: a session
 * that sign-in policies do not let go on from where it is.
 */
export async function identifyAtGateway(
  deps: IdentifyDeps,
  request: FastifyRequest,
  forwarded: Pick<Forwarded, 'method' | 'origin' | 'target'>,
  application: ApplicationId,
  nowMs: number,
): Promise<Identified | 'none' | 'bad-token' | 'not-now'> {
  const { method, origin, target } = forwarded
  const claims = deps.tokens.verify({ request, method, url: `${origin}${target}` }, application)
  if (claims !== 'none') {
    const principal = claims && entityOfId(claims.sub)
    const actors = actorsIn(claims?.act)
    return principal === undefined || actors === undefined
      ? 'bad-token'
      : { principal, actors, strength: claims ?? {}, ...credentialPart(claims) }
  }
  const cookie = request.cookies[GatewayCookies.nameOf(origin, 'gateway')]
  const sid = await deps.cookies.readSession(origin, cookie)
  const session =
    (sid === undefined ? undefined : await deps.memory.session(sid, nowMs)) ?? (await deps.sessions.ofRequest(request))
  if (session === undefined) return 'none'
  const { id: sessionId, userId, organizationId } = session
  const at = { requestId: request.id, sessionId, userId, applicationId: application, address: request.ip }
  const goesOn = organizationId && deps.sessions.mayGoOn?.({ ...at, organizationId })
  if (goesOn !== undefined && (await goesOn).kind !== 'permit') return 'not-now'
  return { principal: { type: 'User', id: userId }, session, strength: session }
}
