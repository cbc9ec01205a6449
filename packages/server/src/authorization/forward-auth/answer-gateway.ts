import { CedarRecord, type Entity, type Value, valueFromJson } from '@gatehouse/cedar'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '#kernel'
import { problemOf } from '#web'
import { actorContext } from '../entities/actors.ts'
import type { EntityUid } from '../entities/source.ts'
import type { StepUp } from '../obligations/strength.ts'
import { type Forwarded, overridesMethod, readForwarded } from './forwarded.ts'
import type { GatewayHost } from './gateway-host.ts'
import { type Honoured, holdToCredential, honour } from './honour.ts'
import { credentialOf, type Identified } from './identify.ts'
import { normalisePath } from './path.ts'
import { denied, inHeader, limited, notNow, refuse } from './refuse-gateway.ts'
import { signInAddress } from './sign-in.ts'
import '../faults.ts'

/** Answers a gateway's question, whichever protocol it came by. */
export type AnswerGateway = (
  request: FastifyRequest,
  reply: FastifyReply,
  via: 'forward-auth' | 'ext-authz',
) => Promise<FastifyReply>

/**
 * What a gateway asks before it lets a request through. 200 with the identity, 403 with a reason id, 401 (or a redirect to sign-in, for
 * browsers) without an identity. INVARIANT: the only code that answers gateways, in the server and beside it.
 */
export function answerGateways(host: GatewayHost): AnswerGateway {
  const { clock, limits } = host
  return async (request, reply, via) => {
    const startedAt = performance.now()
    const nowMs = clock.nowMs()
    reply.header('cache-control', 'no-store')
    const forwarded = readForwarded(request)
    if (forwarded === undefined) return refuse(request, reply, 'gateway-headers-missing')
    const known = host.byOrigin(forwarded.origin)
    const refuseHere = (reason: string) => refuse(request, reply, reason, forwarded.isBrowser ? host.pages : undefined)
    if (known === undefined) return refuseHere('origin-unknown')
    if (overridesMethod(request, forwarded.method)) return refuseHere('method-overridden')
    const path = normalisePath(forwarded.target)
    if (path === undefined) return refuseHere('path-ambiguous')
    const passedOn = host.elsewhere?.(request, reply, { path })
    if (passedOn !== undefined) return passedOn
    if (path.startsWith('/.gatehouse/')) return host.ownPath(forwarded, path, request, reply)

    const { application, routes } = known
    const credential = limits && credentialOf(request, forwarded.origin)
    if (limits?.admit(request, reply, credential) === false) return limited(request, reply, forwarded)
    const identified = await host.identify(request, forwarded, application.id, nowMs)
    if (identified === 'not-now') return notNow(host, request, reply, forwarded, known)
    if (typeof identified === 'string') return unidentified(request, reply, forwarded, identified)
    const { principal, actors = [], client = application.id } = identified
    const holder = limits && { principal: `${principal.type} ${principal.id}`, client }
    if (holder && !limits.identified(reply, credential, holder)) return limited(request, reply, forwarded)
    // Who is no longer active is nobody: no identity is handed on, and her browser is sent to sign in.
    if (![principal, ...actors].every((one) => host.isFit(one))) return unidentified(request, reply, forwarded, 'none')
    const part = host.policies(application.id)
    const asked = routes.match(forwarded.method, path)
    if (part === undefined || asked === undefined) return refuseHere('route-unknown')
    if (asked === 'ambiguous-case') return refuseHere('path-case-ambiguous')
    const sent = host.elsewhere?.(request, reply, { action: asked.action })
    if (sent !== undefined) return sent

    const action = { type: part.actionType, id: asked.action }
    const context = contextOf(forwarded, path, identified)
    const { resource } = asked
    const may = part.decide({ principal, action, resource, context }, nowMs)
    const decided = holdToCredential(may, identified.actions, asked.action)
    const obligations = part.obligations(decided, { principal, action, resource })
    const { decision, stepUp }: Honoured =
      obligations === undefined
        ? { decision: decided }
        : honour(decided, obligations, identified.strength, (id) => part.rulesOf(id)?.some(isStepUp) === true)
    const { id: applicationId } = application
    const made = { via, requestId: request.id, applicationId, principal, action, resource, decision, startedAt }
    await host.recorder.keepSoon([made])
    const entity = host.find(principal)
    if (stepUp !== undefined) return challenge(request, reply, forwarded, identified, stepUp)
    if (!decision.allow) {
      const denial = { known, part, identified, entity, action: asked.action, resource: asked.resource, decision }
      return denied(host, request, reply, forwarded, denial, nowMs)
    }
    const token = await host.identity(application.id, entity, identified, request)
    return handOn(reply, principal, entity, token).code(200).send()
  }
}

/** The headers that the gateway copies to the service, and overwrites whatever the client sent under their names. */
function handOn(reply: FastifyReply, principal: EntityUid, entity: Entity | undefined, token: string): FastifyReply {
  reply.header('gatehouse-subject', principal.id)
  reply.header('gatehouse-subject-type', principal.type)
  const name = entity?.attrs.get('username') ?? entity?.attrs.get('name')
  reply.header('gatehouse-username', typeof name === 'string' ? inHeader(name) : '')
  return reply.header('gatehouse-identity', token)
}

function unidentified(
  request: FastifyRequest,
  reply: FastifyReply,
  forwarded: Forwarded,
  why: 'none' | 'bad-token',
): FastifyReply {
  const scheme = /^dpop /i.test(request.headers.authorization ?? '') ? 'DPoP' : 'Bearer'
  const error = why === 'bad-token' ? `${scheme} error="invalid_token"` : 'Bearer'
  if (why === 'none' && forwarded.isBrowser) {
    const address = signInAddress(forwarded)
    if (forwarded.canRedirect) return reply.redirect(address, 302)
    return reply.code(401).header('location', address).header('www-authenticate', error).send()
  }
  return reply
    .code(401)
    .header('www-authenticate', error)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(new Fault('web.unauthenticated'), request.id)))
}

/**
 * A stronger sign-in is needed: a browser is sent to it, a program is told by RFC 9470 §3 what its next token must come from.
 */
function challenge(
  request: FastifyRequest,
  reply: FastifyReply,
  forwarded: Forwarded,
  { session }: Identified,
  { acr, amr }: StepUp,
): FastifyReply {
  const says = 'A stronger sign-in is required'
  const error = `Bearer error="insufficient_user_authentication", error_description="${says}", acr_values="${acr}"`
  reply.header('gatehouse-reason', 'gatehouse:step-up-needed')
  if (session !== undefined && forwarded.isBrowser) {
    const address = signInAddress(forwarded, { acr, amr })
    if (forwarded.canRedirect) return reply.redirect(address, 302)
    return reply.code(401).header('location', address).header('www-authenticate', error).send()
  }
  const fault = new Fault('authorization.step_up_needed', {
    extra: { acr_values: acr, ...(amr.length > 0 && { amr_values: amr }) },
  })
  return reply
    .code(401)
    .header('www-authenticate', error)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(fault, request.id)))
}

const isStepUp = ({ type }: { readonly type: string }) => type === 'step-up'

/**
 * What policies may ask of the request: `context.request.method`, `.path`, `.origin`; of the sign-in behind it, where that is
 * known: `context.authentication.acr` and `.amr`; of who acts by a token: `context.actor`, `context.actors`.
 */
function contextOf({ method, origin }: Forwarded, path: string, { strength, actors = [] }: Identified): CedarRecord {
  const request = valueFromJson({ method, path, origin }, 'context', { left: 10 })
  const { acr, amr = [] } = strength
  const entries: [string, Value][] = [['request', request], ...actorContext(actors)]
  if (acr !== undefined) entries.push(['authentication', valueFromJson({ acr, amr }, 'context', { left: 100 })])
  return CedarRecord.of(entries)
}
