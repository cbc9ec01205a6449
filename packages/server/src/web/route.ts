import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Entropy, Fault } from '#kernel'
import { type ConsistencyToken, isConsistencyToken } from '#storage'
import { actOf, type Identify, identifySender } from './identity.ts'
import { type OnceGuard, readOnceKey } from './once.ts'
import { Answer, type Operation, type OperationRequest, type OperationSchemas } from './operation.ts'
import './faults.ts'

export interface RouteDeps {
  readonly ways: readonly Identify[]
  readonly ownOrigin: string
  readonly entropy: Entropy
  readonly once: OnceGuard
  /** Hash of the policies that decide about Gatehouse's own actions. */
  readonly policyBundle?: string | undefined
}

/** Adds one operation: identify, parse, once, handle, answer. */
export function addRoute(app: FastifyInstance, operation: Operation, deps: RouteDeps): void {
  app.route({
    method: operation.method,
    url: operation.url,
    ...(operation.bodyLimit !== undefined && { bodyLimit: operation.bodyLimit }),
    schema: schemaOf(operation),
    // Before the body is read and judged: a stranger learns nothing of its shape.
    preParsing: async (request, _reply, payload) => {
      await identify(request, operation, deps)
      return payload
    },
    handler: async (request, reply) => {
      const identity = await identify(request, operation, deps)
      const plain = actOf(request, identity, deps.policyBundle)
      const once = operation.produces === undefined ? readOnceKey(request, plain, deps.entropy) : undefined
      const act = once === undefined ? plain : { ...plain, once }
      const input: OperationRequest<OperationSchemas> = {
        act,
        params: request.params as never,
        query: request.query as never,
        body: request.body as never,
        ifRevision: readIfMatch(request),
        atLeast: readAtLeast(request),
        raw: request,
        reply,
      }
      const handle = async () => (await operation.handle(input)) as unknown
      const answered = once === undefined ? await handle() : await deps.once.run(once, handle)
      return reply.sent ? reply : answer(request, reply, operation, answered)
    },
  })
}

/** The operation as Fastify's route schema, which is also what its description is made of. */
export function schemaOf(operation: Operation): object {
  const { schemas, access } = operation
  return {
    operationId: operation.id,
    summary: operation.summary,
    tags: [operation.id.split('.')[0] as string],
    'x-gatehouse-access': access,
    ...((access.kind === 'open' || access.kind === 'protocol') && { security: [] }),
    ...(schemas.params && { params: schemas.params }),
    ...(schemas.query && { querystring: schemas.query }),
    ...(schemas.body && { body: schemas.body }),
    response: responseOf(operation),
  }
}

function responseOf({ schemas, produces }: Operation): object {
  if (produces !== undefined) {
    const schema = { type: 'string', ...(produces === 'application/octet-stream' && { format: 'binary' }) }
    return { 200: { description: 'Done', content: { [produces]: { schema } } } }
  }
  if (schemas.reply === undefined) return { 204: { type: 'null', description: 'Done' } }
  return { '2xx': { description: 'Done', ...schemas.reply } }
}

const identities = new WeakMap<FastifyRequest, Awaited<ReturnType<Identify>>>()

async function identify(request: FastifyRequest, { access }: Operation, deps: RouteDeps) {
  if (access.kind === 'protocol') return undefined
  if (identities.has(request)) return identities.get(request)
  const identity = await identifySender(request, deps.ways, deps.ownOrigin)
  if (access.kind !== 'open' && identity === undefined) throw new Fault('web.unauthenticated')
  if (access.kind === 'self' && access.limited !== true && identity?.within !== undefined)
    throw new Fault('web.credential_limited')
  identities.set(request, identity)
  return identity
}

function answer(request: FastifyRequest, reply: FastifyReply, { schemas }: Operation, answered: unknown): FastifyReply {
  const { body, with: more } = answered instanceof Answer ? answered : new Answer(answered, {})
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  if (more.at !== undefined) reply.header('consistency-token', more.at)
  if (more.location !== undefined) reply.header('location', more.location)
  if (more.replayed) reply.header('idempotency-replayed', 'true')
  if (more.revision !== undefined) {
    const etag = `"${more.revision}"`
    reply.header('etag', etag)
    const held = request.headers['if-none-match']
    if (request.method === 'GET' && held !== undefined && held.split(',').some((it) => it.trim() === etag))
      return reply.code(304).send()
  }
  if (!schemas.reply) return reply.code(204).send()
  return reply.code(more.status ?? 200).send(body)
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
