import type { FastifyRequest } from 'fastify'
import { type Act, type Actor, Fault } from '#kernel'
import { traceIdOf } from './trace.ts'
import './faults.ts'

/** Who a request comes from, and by which means it said so. */
export interface Identity {
  readonly actor: Actor
  readonly via: 'session' | 'bearer' | 'bootstrap'
  readonly sessionId?: string
  /** The application that carries the actor's own token. */
  readonly through?: Act['through']
  /** See `Act`. */
  readonly within?: Act['within']
}

/**
 * One way to recognise the sender. Answers undefined, at once or later, when the request carries nothing of its kind.
 * @throws {Fault} 401 when it carries something of its kind that is not valid: no other way is tried then
 */
export type Identify = (request: FastifyRequest) => Promise<Identity | undefined> | undefined

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses a change by session cookie that another site could have caused: `Sec-Fetch-Site` must say same-origin (or be
 * absent), and `Origin`, which browsers send with every such request, must be ours.
 * @throws {Fault} `web.cross_site`
 */
export function refuseCrossSite(request: FastifyRequest, ownOrigin: string): void {
  if (safe.has(request.method)) return
  const site = request.headers['sec-fetch-site']
  const origin = request.headers.origin
  const siteIsOurs = site === undefined || site === 'same-origin'
  const originIsOurs = origin === ownOrigin
  if (!siteIsOurs || !originIsOurs) throw new Fault('web.cross_site')
}

/** Tries each way in turn. Undefined when none recognises the sender. */
export async function identifySender(
  request: FastifyRequest,
  ways: readonly Identify[],
  ownOrigin: string,
): Promise<Identity | undefined> {
  for (const way of ways) {
    const recognised = way(request)
    // Most requests carry nothing of a kind: that is told without a promise.
    if (recognised === undefined) continue
    const identity = await recognised
    if (identity === undefined) continue
    if (identity.via === 'session') refuseCrossSite(request, ownOrigin)
    return identity
  }
  return undefined
}

const deviceMost = 256

/** The act of a request: its identity (anonymous when there is none), id, address, session, trace and device. */
export function actOf(request: FastifyRequest, identity: Identity | undefined, bundle?: string): Act {
  const traceId = traceIdOf(request.raw)
  const device = request.headers['user-agent']?.slice(0, deviceMost)
  return {
    actor: identity?.actor ?? { type: 'anonymous', name: 'anonymous' },
    requestId: request.id,
    address: request.ip,
    ...(identity?.sessionId !== undefined && { sessionId: identity.sessionId }),
    ...(traceId !== undefined && { traceId }),
    ...(device !== undefined && { device }),
    ...(identity?.through !== undefined && { through: identity.through }),
    ...(identity?.within !== undefined && { within: identity.within }),
    ...(bundle !== undefined && { bundle }),
  }
}
