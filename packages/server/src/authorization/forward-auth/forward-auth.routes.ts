import type { FastifyInstance } from 'fastify'
import type { Clock, Entropy } from '#kernel'
import type { Web } from '#web'
import type { AuthorizationDeps } from '../deps.ts'
import type { Recorder } from '../journal/recorder.ts'
import { type AnswerGateway, answerGateways } from './answer-gateway.ts'
import type { EdgeLimits } from './edge-limits.ts'
import { GatewayCookies } from './gateway-cookies.ts'
import type { GatewayMemory } from './gateway-memory.ts'
import { identifyAtGateway } from './identify.ts'
import type { IdentityTokens } from './identity-token.ts'
import type { CookieSealer, GatewayPages, IdentitySigner, SessionFinder, TokenVerifier } from './ports.ts'
import { addContinue, answerOwnPath, type SignInDeps } from './sign-in.ts'

export interface ForwardAuthDeps extends Pick<AuthorizationDeps, 'snapshot'> {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly recorder: Recorder
  readonly memory: GatewayMemory
  readonly tokens: TokenVerifier
  readonly sessions: SessionFinder
  readonly keyring: IdentitySigner & CookieSealer
  readonly pages: GatewayPages
  readonly identities: IdentityTokens
  /** Undefined for none. */
  readonly limits: EdgeLimits | undefined
}

/** `/forward-auth` of the server. Does no I/O for a session it has met, nor for a token. */
export async function addForwardAuth(web: Web, deps: ForwardAuthDeps): Promise<AnswerGateway> {
  const { clock, memory, sessions, snapshot, identities, pages } = deps
  const cookies = new GatewayCookies({ ...deps, sealer: deps.keyring })
  const signIn: SignInDeps = { url: web.url, memory, cookies, sessions, pages, nowMs: () => clock.nowMs() }
  const identifying = { ...deps, cookies }
  const answer = answerGateways({
    ...deps,
    account: `${web.url}/account`,
    byOrigin: (origin) => memory.byOrigin(origin),
    policies: (id) => snapshot.application(id),
    isFit: (principal) => snapshot.directory.stateOf(principal) === 'fit',
    find: (principal) => snapshot.directory.find(principal),
    identify: (request, forwarded, id, nowMs) => identifyAtGateway(identifying, request, forwarded, id, nowMs),
    identity: (id, entity, { principal, ...how }) => identities.for(id, principal, entity, how),
    ownPath: (forwarded, path, request, reply) => answerOwnPath(signIn, forwarded, path, request, reply),
  })
  await web.app.register(async (app) => addForwardAuthRoute(app, answer))
  addContinue(web, signIn)
  return answer
}

/** The route itself, in a scope of its own: bodies are never read. */
export function addForwardAuthRoute(app: FastifyInstance, answer: AnswerGateway): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/forward-auth',
    exposeHeadRoute: false,
    handler: (request, reply) => answer(request, reply, 'forward-auth'),
  })
}
