import cookie from '@fastify/cookie'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify'
import { type Act, type Clock, type Entropy, Fault, type Meter, randomToken } from '#kernel'
import { type ConsistencyToken, isConsistencyToken, type Storage } from '#storage'
import { actOf, type Identify, identifySender } from './identity.ts'
import { measureRequests } from './measure.ts'
import { Answer, type Operation, type OperationRequest, type OperationSchemas } from './operation.ts'
import { sendProblem } from './problem.ts'

export interface WebDeps {
  /** Public base address without trailing slash. */
  readonly url: string
  readonly trustedProxies: readonly string[]
  readonly logger: FastifyBaseLogger
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly storage: Storage
}

/** The HTTP shell: operations are added before `listen`. */
export interface Web {
  readonly app: FastifyInstance
  readonly url: string
  readonly operations: readonly Operation[]
  add(...operations: readonly Operation[]): void
  /** Adds a way to recognise senders; tried in the order added. */
  identifyBy(way: Identify): void
  /** Who sent this request, as `add`ed operations see it: for pages and protocol routes outside them. */
  actOf(request: FastifyRequest): Promise<Act>
}

const requestIdShape = /^[\w.:@+/=-]{1,128}$/

/** Builds the shell with error handling, request ids, security headers and measures, and no operation yet. */
export async function createWeb(deps: WebDeps): Promise<Web> {
  const app = Fastify({
    loggerInstance: deps.logger,
    disableRequestLogging: true,
    trustProxy: deps.trustedProxies.length > 0 ? [...deps.trustedProxies] : false,
    bodyLimit: 64 * 1024,
    requestIdHeader: false,
    genReqId: (raw) => {
      const given = raw.headers['x-request-id']
      return typeof given === 'string' && requestIdShape.test(given) ? given : randomToken(deps.entropy, 15)
    },
    routerOptions: { maxParamLength: 512 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: false, useDefaults: true } },
    forceCloseConnections: 'idle',
  })
  await app.register(cookie)
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error))
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, new Fault('web.not_found')))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
    reply.header('referrer-policy', 'no-referrer')
    if (deps.url.startsWith('https:')) reply.header('strict-transport-security', 'max-age=63072000; includeSubDomains')
  })
  measureRequests(app, deps.meter)

  const ways: Identify[] = []
  const operations: Operation[] = []
  return {
    app,
    url: deps.url,
    operations,
    add: (...added) => {
      for (const operation of added) {
        operations.push(operation)
        addRoute(app, operation, ways, deps.url)
      }
    },
    identifyBy: (way) => void ways.push(way),
    actOf: async (request) => actOf(request, await identifySender(request, ways, deps.url)),
  }
}

function addRoute(app: FastifyInstance, operation: Operation, ways: readonly Identify[], ownOrigin: string): void {
  const { schemas, access } = operation
  app.route({
    method: operation.method,
    url: operation.url,
    ...(operation.bodyLimit !== undefined && { bodyLimit: operation.bodyLimit }),
    schema: {
      operationId: operation.id,
      summary: operation.summary,
      tags: [operation.id.split('.')[0] as string],
      ...(access.kind === 'open' && { security: [] }),
      ...(schemas.params && { params: schemas.params }),
      ...(schemas.query && { querystring: schemas.query }),
      ...(schemas.body && { body: schemas.body }),
      response: schemas.reply ? { '2xx': schemas.reply } : { 204: { type: 'null', description: 'Done' } },
    } as object,
    handler: async (request, reply) => {
      const needed = access.kind === 'action' || access.kind === 'self'
      const identity = access.kind === 'protocol' ? undefined : await identifySender(request, ways, ownOrigin)
      if (needed && identity === undefined) throw new Fault('web.unauthenticated')
      const input: OperationRequest<OperationSchemas> = {
        act: actOf(request, identity),
        params: request.params as never,
        query: request.query as never,
        body: request.body as never,
        ifRevision: readIfMatch(request),
        atLeast: readAtLeast(request),
        raw: request,
        reply,
      }
      const answered = (await operation.handle(input)) as unknown
      if (reply.sent) return reply
      const { body, with: more } = answered instanceof Answer ? answered : new Answer(answered, {})
      if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
      if (more.revision !== undefined) reply.header('etag', `"${more.revision}"`)
      if (more.at !== undefined) reply.header('consistency-token', more.at)
      if (more.location !== undefined) reply.header('location', more.location)
      if (!schemas.reply) return reply.code(204).send()
      return reply.code(more.status ?? 200).send(body)
    },
  })
}

function readIfMatch(request: FastifyRequest): number | undefined {
  const given = request.headers['if-match']
  if (given === undefined || given === '*') return undefined
  const match = /^(?:W\/)?"(\d{1,15})"$/.exec(given)
  if (match === null) throw new Fault('web.revision_conflict')
  return Number(match[1])
}

function readAtLeast(request: FastifyRequest): ConsistencyToken | undefined {
  const given = request.headers['consistency-token']
  if (given === undefined) return undefined
  if (!isConsistencyToken(given))
    throw new Fault('web.invalid', { detail: 'Consistency-Token is not one that was handed out' })
  return given
}
