import { type Gatehouse, GatehouseError, type LocalDecisions } from '@gatehouse/sdk'
import { decide, obligationsOf, type Replica, rulesOf, stateOf } from '@gatehouse/sdk/replica'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ApplicationId, type Clock, Fault } from '#kernel'
import type { Decision, DecisionRequest } from '../engine/decision.ts'
import { actorsIn, entityOfId } from '../entities/actors.ts'
import type { EdgeLimits } from '../forward-auth/edge-limits.ts'
import type { Forwarded } from '../forward-auth/forwarded.ts'
import type { GatewayHost, GatewayPolicies } from '../forward-auth/gateway-host.ts'
import type { KnownApplication } from '../forward-auth/gateway-memory.ts'
import type { Identified } from '../forward-auth/identify.ts'
import type { GatewayPages } from '../forward-auth/ports.ts'
import { RouteTable } from '../forward-auth/route-table.ts'
import type { Decided } from '../journal/recorder.ts'
import type { Obligation } from '../obligations/obligation.ts'
import { AskedIdentities } from './asked-identities.ts'
import { passOn } from './pass-on.ts'
import { unavailable } from './unavailable.ts'

export interface ReplicaHostDeps {
  readonly limits: EdgeLimits | undefined
  readonly gatehouse: Gatehouse
  readonly local: LocalDecisions
  readonly clock: Clock
  /** `none` hands no `Gatehouse-Identity` on: then nothing of an access token needs the server. */
  readonly identity: 'server' | 'none'
  readonly pages: GatewayPages
}

/**
 * Answers gateways of one application from its replica: who carries an access token is verified and decided upon here, within the
 * bounds; sign-in, cookies, API keys and what must be decided at the centre is passed on to the server as it came.
 */
export function replicaHost({ gatehouse, local, clock, identity, limits, pages }: ReplicaHostDeps): GatewayHost {
  let known: { readonly of: object; readonly application: KnownApplication } | undefined
  const identities = new AskedIdentities(gatehouse, clock)
  const passed = (request: FastifyRequest, reply: FastifyReply) =>
    passOn(gatehouse.url, request, reply, (outcome) => local.countAnswer(outcome))
  return {
    clock,
    limits,
    pages,
    account: `${gatehouse.url}/account`,
    recorder: { keepSoon: (all) => keep(local, all, clock) },
    byOrigin: (origin) => {
      const gateway = local.replica?.gateway
      if (gateway === undefined || !gateway.origins.includes(origin)) return undefined
      if (known?.of !== gateway) known = { of: gateway, application: knownOf(local.replica as Replica, gateway) }
      return known.application
    },
    policies: (id) => (id === local.replica?.application ? policiesOf(local.replica) : undefined),
    isFit: (principal) => {
      const { replica } = local
      return replica !== undefined && stateOf(replica, principal, replica.entities) === undefined
    },
    find: ({ type, id }) => local.replica?.entities.find(type, id),
    identify: (request, forwarded) => identify(gatehouse, request, forwarded),
    identity: (_id, _entity, _identified, request) =>
      identity === 'none' ? '' : identities.of(tokenOf(request) as string),
    ownPath: (_forwarded, _path, request, reply) => passed(request, reply),
    elsewhere: (request, reply, what) => {
      if ('path' in what) {
        if (!what.path.startsWith('/.gatehouse/') && isOurs(tokenOf(request))) return undefined
        local.countAsked('session')
        return passed(request, reply)
      }
      try {
        return local.wayOf(what.action) === 'ask' ? passed(request, reply) : undefined
      } catch (error) {
        if (!(error instanceof GatehouseError)) throw error
        return unavailable(request, reply, new Fault('feed.behind', { cause: error }))
      }
    },
  }
}

const tokenOf = ({ headers }: FastifyRequest): string | undefined =>
  /^(?:Bearer|DPoP) +([^\s,]+)$/i.exec(headers.authorization ?? '')?.[1]

/** A token that can be verified here: a JWT that is not bound to a client's certificate, which only the server's own listener sees. */
function isOurs(token: string | undefined): boolean {
  const parts = token?.split('.') ?? []
  if (parts.length !== 3) return false
  try {
    return JSON.parse(Buffer.from(parts[1] as string, 'base64url').toString('utf8'))?.cnf?.['x5t#S256'] === undefined
  } catch {
    return true // no token at all: refused here
  }
}

async function identify(
  gatehouse: Gatehouse,
  request: FastifyRequest,
  { method, origin, target }: Forwarded,
): Promise<Identified | 'bad-token'> {
  const { authorization, dpop } = request.headers
  try {
    const claims = await gatehouse.verifyRequest({ authorization, dpop, method, url: `${origin}${target}` })
    const principal = entityOfId(claims.sub)
    const actors = actorsIn(claims.act)
    if (principal === undefined || actors === undefined) return 'bad-token'
    return { principal, actors, strength: claims, client: claims.client_id }
  } catch (error) {
    if (error instanceof GatehouseError && error.status < 500) return 'bad-token'
    throw new Fault('web.not_ready', { cause: error, retryAfterSeconds: 1 })
  }
}

function knownOf({ application: id, entities }: Replica, gateway: NonNullable<Replica['gateway']>): KnownApplication {
  const organization = entities.find('Application', id)?.attrs.get('organization')
  const organizationId = (typeof organization === 'string' ? organization : '') as never
  return {
    application: { ...gateway, id: id as ApplicationId, organizationId },
    routes: new RouteTable(gateway.routes),
  }
}

function policiesOf(replica: Replica): GatewayPolicies {
  const plain = ({ allow, outcome, reasons, errors, bundle }: Decision) => ({
    allow,
    outcome,
    reasons,
    errors: errors.map(({ policy }) => policy),
    bundle,
  })
  return {
    actionType: replica.actionType,
    decide: (request, nowMs) => {
      const decided = decide(replica, request, replica.entities, nowMs)
      return { ...decided, errors: decided.errors.map((policy) => ({ policy, message: '' })) }
    },
    obligations: (decision: Decision, request: DecisionRequest) => {
      const all = obligationsOf(replica, plain(decision), request, Date.now())
      return all.length === 0 ? undefined : (all as readonly Obligation[])
    },
    rulesOf: (id) => rulesOf(replica, id, Date.now()),
    annotationsOf: (id, nowMs) => replica.grants(nowMs).policies.annotations(id),
  }
}

/** One decision, as the gateway enforces it. @throws {Fault} `authorization.journal_unavailable` */
async function keep(local: LocalDecisions, all: readonly Decided[], clock: Clock): Promise<void> {
  try {
    for (const { requestId, principal, action, resource, decision, startedAt } of all) {
      const { allow, outcome, reasons, bundle } = decision
      const errors = decision.errors.map(({ policy }) => policy)
      const request = { principal, action, resource }
      const took = performance.now() - startedAt
      await local.keepDecision(requestId, request, { allow, outcome, reasons, errors, bundle }, clock.nowMs(), took)
    }
  } catch (cause) {
    throw new Fault('authorization.journal_unavailable', { cause, retryAfterSeconds: 1 })
  }
}
