import type { FastifyReply, FastifyRequest } from 'fastify'
import { isFault } from '#kernel'
import { traced } from '#web'
import type { RegisteredClient } from '../ports.ts'
import { ownRefresh } from './own-refresh.ts'
import type { OwnAnswer, OwnDeps, OwnRequest } from './own-request.ts'
import { ownToken } from './own-token.ts'
import { findBySecret, only, readPublicRequest, readSecretRequest } from './secret-request.ts'

/** Undefined for whatever is not right in every respect, or unusual: the provider answers that. */
type Way = (deps: OwnDeps, request: OwnRequest) => Promise<OwnAnswer | undefined>

const ways: Readonly<Record<string, Way>> = { client_credentials: ownToken, refresh_token: ownRefresh }

const unavailable = { error: 'temporarily_unavailable' }

/**
 * The commonest token requests without the provider: half of what a token costs was the way through it. INVARIANT: only what is
 * right in every respect is answered here, and as the provider answers it (`own-token.test.ts` and `own-refresh.test.ts` hold both ways
 * alike); whatever else it is, right or wrong, is left to the provider.
 * @returns false when nothing was answered
 */
export async function answerOwn(deps: OwnDeps, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  const startedMs = performance.now()
  if (request.headers.dpop !== undefined) return false
  const bySecret = readSecretRequest(request)
  const asked = bySecret ?? readPublicRequest(request)
  const grantType = asked && only(asked.form, 'grant_type')
  const way = grantType !== undefined && Object.hasOwn(ways, grantType) ? ways[grantType] : undefined
  if (asked === undefined || way === undefined || grantType === undefined) return false
  const client = bySecret ? await findBySecret(deps.clients, bySecret) : await deps.clients.find(asked.id)
  if (client === undefined || (bySecret === undefined && client.authMethod !== 'none')) return false
  const { form } = asked
  const actor = { type: 'anonymous', name: 'anonymous' } as const
  const sent = { actor, requestId: request.id, address: request.ip, ...traced(request) }
  const made = await way(deps, { form, client, sent })
  if (made === undefined) return false
  const answer = await keep(deps, request, client, made)
  if (answer === undefined) return false
  deps.measures.observe(grantType, answer.status, answer.body.error, (performance.now() - startedMs) / 1_000)
  if (answer.retryAfter !== undefined) reply.header('retry-after', String(answer.retryAfter))
  reply.code(answer.status).header('cache-control', 'no-store').type('application/json; charset=utf-8')
  reply.send(JSON.stringify(answer.body))
  return true
}

interface Answered {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly retryAfter?: number | undefined
}

async function keep(
  deps: OwnDeps,
  request: FastifyRequest,
  client: RegisteredClient,
  made: OwnAnswer,
): Promise<Answered | undefined> {
  try {
    deps.limit.take(client.id)
    return (await made.keep()) ? { status: 200, body: made.body } : undefined
  } catch (error) {
    if (isFault(error, 'web.rate_limited'))
      return { status: 429, body: unavailable, retryAfter: error.retryAfterSeconds ?? 1 }
    deps.onError(request, error)
    if (!isFault(error)) return { status: 500, body: { error: 'server_error' } }
    return { status: 503, body: unavailable, retryAfter: error.retryAfterSeconds ?? 1 }
  }
}
