import type { Entity } from '@gatehouse/cedar'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '#kernel'
import { problemOf } from '#web'
import type { Decision } from '../engine/decision.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Forwarded } from './forwarded.ts'
import type { GatewayHost, GatewayPolicies } from './gateway-host.ts'
import type { KnownApplication } from './gateway-memory.ts'
import type { Identified } from './identify.ts'
import type { GatewayPages } from './ports.ts'
import { gatewayPaths, signInAddress } from './sign-in.ts'

type Pages = Pick<GatewayHost, 'pages' | 'account'>

/** Names may hold any letter, header fields may not (RFC 9110 §5.5): what is not ASCII is percent-encoded UTF-8. */
export const inHeader = (text: string) => text.replace(/[^\x20-\x7e]|%/gu, encodeURIComponent)

/**
 * Sign-in policies do not let the session go on from here. A page whose link leads to sign-in, not a redirect: the gateway may see a
 * person at another address than Gatehouse does, and nobody is sent around for ever.
 */
export async function notNow(
  { pages, account }: Pages,
  request: FastifyRequest,
  reply: FastifyReply,
  forwarded: Forwarded,
  { application: { organizationId, name: application } }: KnownApplication,
): Promise<FastifyReply> {
  const reason = 'gatehouse:sign-in-policy'
  reply.code(403).header('gatehouse-reason', reason)
  if (forwarded.isBrowser) {
    const page = { organizationId, application, account, again: signInAddress(forwarded) }
    const { html, headers } = await pages.tooWeak(request, page)
    return reply.headers(headers).send(html)
  }
  const fault = new Fault('authorization.denied', { extra: { reason } })
  return reply.type('application/problem+json').send(JSON.stringify(problemOf(fault, request.id)))
}

export interface Denial {
  readonly known: KnownApplication
  readonly part: GatewayPolicies
  readonly identified: Identified
  readonly entity: Entity | undefined
  readonly action: string
  readonly resource: EntityUid
  readonly decision: Decision
}

const defaults: Record<Decision['outcome'], string> = {
  allow: 'allowed',
  deny_policy: 'forbidden',
  deny_default: 'nothing-permits',
  deny_error: 'policy-error',
}

export async function denied(
  { pages }: Pages,
  request: FastifyRequest,
  reply: FastifyReply,
  forwarded: Forwarded,
  it: Denial,
  nowMs: number,
): Promise<FastifyReply> {
  const first = it.decision.reasons[0]
  const reason = first ?? defaults[it.decision.outcome]
  const annotations = first === undefined ? undefined : it.part.annotationsOf(first, nowMs)
  const says = annotations?.says
  reply.code(403).header('gatehouse-reason', inHeader(reason))
  const resource = `${it.resource.type} ${it.resource.id}`
  if (forwarded.isBrowser) {
    const name = it.entity?.attrs.get('username')
    const { html, headers } = await pages.denied(request, {
      organizationId: it.known.application.organizationId,
      application: it.known.application.name,
      person: typeof name === 'string' ? name : it.identified.principal.id,
      action: it.action,
      resource,
      reason,
      says,
      requestId: request.id,
      signOut: `${forwarded.origin}${gatewayPaths.signOut}`,
    })
    return reply.headers(headers).send(html)
  }
  const fault = new Fault('authorization.denied', {
    ...(says !== undefined && { detail: says }),
    extra: { reason, action: it.action, resource: it.resource },
  })
  return reply.type('application/problem+json').send(JSON.stringify(problemOf(fault, request.id)))
}

/** Asked too often. nginx's `auth_request` knows no 429: it gets a 403 with the same headers, and the reason to tell it by. */
export function limited(request: FastifyRequest, reply: FastifyReply, { canRedirect }: Forwarded): FastifyReply {
  const fault = new Fault('web.rate_limited')
  return reply
    .code(canRedirect ? fault.status : 403)
    .header('gatehouse-reason', 'rate-limited')
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(fault, request.id)))
}

/** A question that is about no decision: an origin nobody registered, a path that services may read in two ways. */
export async function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  reason: string,
  pages?: GatewayPages,
): Promise<FastifyReply> {
  request.log.info({ reason }, 'A gateway asked what cannot be decided')
  reply.code(403).header('gatehouse-reason', reason)
  if (pages !== undefined) {
    const { html, headers } = await pages.broken(request, { reason })
    return reply.headers(headers).send(html)
  }
  const fault = new Fault('authorization.denied', { extra: { reason } })
  return reply.type('application/problem+json').send(JSON.stringify(problemOf(fault, request.id)))
}
