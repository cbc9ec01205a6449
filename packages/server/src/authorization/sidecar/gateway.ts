import type { IncomingMessage, ServerResponse } from 'node:http'
import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import type { Entropy, Meter } from '#kernel'
import { sendProblem, toWebFault } from '#web'
import type { ListenAddress } from '../authorization.ts'
import { addExtAuthz } from '../ext-authz/ext-authz.routes.ts'
import { answerGateways } from '../forward-auth/answer-gateway.ts'
import { EdgeLimits, type EdgeRates } from '../forward-auth/edge-limits.ts'
import { addForwardAuthRoute } from '../forward-auth/forward-auth.routes.ts'
import { type ReplicaHostDeps, replicaHost } from './replica-host.ts'

export interface LocalGatewayDeps extends Omit<ReplicaHostDeps, 'limits'> {
  readonly entropy: Entropy
  readonly meter: Meter
  /** Limits of gateways' questions. */
  readonly rates: EdgeRates
  readonly onError: (error: unknown) => void
}

export interface LocalGateway {
  /** Whether a question for a gateway may bear this `Host`: that of an origin of the application. */
  isNamed(host: string, path: string): boolean
  /** Answers `/forward-auth` and `/ext-authz/…`; false for other paths. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** Answers Envoy's ext_authz over gRPC on an address of its own. */
  listenForEnvoy(address: ListenAddress): Promise<{ readonly port: number; close(): Promise<void> }>
  close(): Promise<void>
}

const requestIdShape = /^[\w.:@+/=-]{1,128}$/

/** What gateways ask of a replica: forward-auth and ext_authz, by the code that answers them in the server. */
export async function openLocalGateway(deps: LocalGatewayDeps): Promise<LocalGateway> {
  const { entropy, onError, local, clock, meter, rates } = deps
  const answer = answerGateways(replicaHost({ ...deps, limits: EdgeLimits.of(rates, { clock, meter }) }))
  const app = Fastify({
    logger: false,
    // Its gateway, which alone reaches it, says whom it asks for.
    trustProxy: 'loopback',
    requestIdHeader: false,
    genReqId: ({ headers }) => {
      const given = headers['x-request-id']
      const isFit = typeof given === 'string' && requestIdShape.test(given)
      return isFit ? given : Buffer.from(entropy.bytes(15)).toString('base64url')
    },
    routerOptions: { maxParamLength: 8_192 },
  })
  await app.register(cookie)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.setErrorHandler((error, request, reply) => {
    const fault = toWebFault(error)
    if (fault.status >= 500) onError(error)
    return sendProblem(request, reply, fault)
  })
  await app.register(async (scope) => addForwardAuthRoute(scope, answer))
  addExtAuthz({ app }, answer)
  await app.ready()
  const isForGateways = (path: string) => /^\/(forward-auth([?]|$)|ext-authz\/)/.test(path)
  return {
    isNamed: (host, path) =>
      isForGateways(path) &&
      local.replica?.gateway?.origins.some((origin) => new URL(origin).host === host.toLowerCase()) === true,
    handle: (request, response) => {
      if (!isForGateways(request.url ?? '')) return false
      app.routing(request, response)
      return true
    },
    listenForEnvoy: async (address) => {
      const { listenForChecks } = await import('../ext-authz/listener.ts')
      return listenForChecks({ web: { app }, answer, entropy, onError: (_where, error) => onError(error) }, address)
    },
    close: () => app.close(),
  }
}
