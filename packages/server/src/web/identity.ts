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
export type Identify = (request: FastifyRequest) => Identity | Promise<Identity | undefined> | undefined

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

/**
 * Tries each way in turn, from one on. Undefined when none recognises the sender. At once where the way does so: a promise costs as
 * much as the rest of it. @throws {Fault} as the way does, at once or later
 */
export function identifySender(
  request: FastifyRequest,
  ways: readonly Identify[],
  ownOrigin: string,
  from = 0,
): Identity | Promise<Identity | undefined> | undefined {
  for (let at = from; at < ways.length; at++) {
    const recognised = (ways[at] as Identify)(request)
    // Most requests carry nothing of a kind.
    if (recognised === undefined) continue
    if (!(recognised instanceof Promise)) return admit(request, recognised, ownOrigin)
    return recognised.then((identity) =>
      identity === undefined ? identifySender(request, ways, ownOrigin, at + 1) : admit(request, identity, ownOrigin),
    )
  }
  return undefined
}

function admit(request: FastifyRequest, identity: Identity, ownOrigin: string): Identity {
  if (identity.via === 'session') refuseCrossSite(request, ownOrigin)
  return identity
}

const deviceMost = 256

/** The act of a request: its identity (anonymous when there is none), id, address, session, trace and device. */
export function actOf(request: FastifyRequest, identity: Identity | undefined, bundle?: string): Act {
  const traceId = traceIdOf(request.raw)
  const device = request.headers['user-agent']
  const act: { -readonly [name in keyof Act]: Act[name] } = {
    actor: identity?.actor ?? { type: 'anonymous', name: 'anonymous' },
    requestId: request.id,
    address: request.ip,
  }
  if (identity?.sessionId !== undefined) act.sessionId = identity.sessionId
  if (traceId !== undefined) act.traceId = traceId
  if (device !== undefined) act.device = device.length > deviceMost ? device.slice(0, deviceMost) : device
  if (identity?.through !== undefined) act.through = identity.through
  if (identity?.within !== undefined) act.within = identity.within
  if (bundle !== undefined) act.bundle = bundle
  return act
}
