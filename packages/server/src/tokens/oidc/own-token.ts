import type { FastifyReply, FastifyRequest } from 'fastify'
import { record } from '#feed'
import { type Clock, isFault, randomToken, systemEntropy } from '#kernel'
import type { Storage } from '#storage'
import { type RateLimit, traced } from '#web'
import { insertArtifact } from '../artifacts/artifact.store.ts'
import type { Artifact } from '../artifacts/artifact.ts'
import type { RegisteredClient } from '../ports.ts'
import type { TokenSpool } from '../spool/spool.ts'
import { jwtArtifactId } from './adapter.ts'
import type { ClientCache } from './clients.ts'
import { recordOf } from './issued-event.ts'
import type { TokenMeasures } from './measure.ts'
import { resourceOf, resourceServerOf } from './resources.ts'
import { rulesOf } from './rules.ts'
import { standardScopes } from './scopes.ts'
import { findBySecret, only, readSecretRequest, type SecretRequest } from './secret-request.ts'
import { signJwt } from './sign-jwt.ts'
import type { Signer } from './signing.ts'

export interface OwnTokenDeps {
  readonly url: string
  readonly storage: Storage
  readonly clock: Clock
  readonly signer: Signer
  readonly clients: ClientCache
  readonly limit: RateLimit
  readonly measures: TokenMeasures
  readonly spool: TokenSpool | undefined
  readonly onError: (request: { readonly id: string }, error: unknown) => void
}

const grantType = 'client_credentials'
const known = new Set(['grant_type', 'scope', 'resource', 'client_id', 'client_secret'])
const scopeShape = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/
const standard: ReadonlySet<string> = new Set(standardScopes)

/**
 * The commonest token request without the provider (RFC 6749 §4.4): a client that proves itself by its secret wants an unbound token
 * for itself. INVARIANT: only what is right in every respect is answered here, and as the provider answers it (`own-token.test.ts`
 * holds the two alike); whatever else it is, right or wrong, is left to the provider.
 * @returns false when nothing was answered
 */
export async function issueOwnToken(
  deps: OwnTokenDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<boolean> {
  const startedMs = performance.now()
  const asked = request.headers.dpop === undefined ? readSecretRequest(request) : undefined
  if (asked === undefined || only(asked.form, 'grant_type') !== grantType) return false
  const client = await findBySecret(deps.clients, asked)
  if (client === undefined) return false
  const wanted = await read(deps, asked, client)
  if (wanted === undefined) return false
  const answer = await issue(deps, request, client, wanted)
  deps.measures.observe(grantType, answer.status, answer.body.error, (performance.now() - startedMs) / 1_000)
  if (answer.retryAfter !== undefined) reply.header('retry-after', String(answer.retryAfter))
  reply.code(answer.status).header('cache-control', 'no-store').type('application/json; charset=utf-8')
  reply.send(JSON.stringify(answer.body))
  return true
}

interface Wanted {
  readonly audience: string
  readonly scope: string | undefined
  readonly seconds: number
}

async function read(
  deps: OwnTokenDeps,
  { form }: SecretRequest,
  client: RegisteredClient,
): Promise<Wanted | undefined> {
  const names = [...form.keys()]
  if (new Set(names).size !== names.length || !names.every((name) => known.has(name))) return undefined
  const rules = rulesOf(client)
  if (!client.grantTypes.includes(grantType) || rules.dpop === 'required' || rules.certificateBound || rules.fapi)
    return undefined
  const text = form.get('scope') ?? ''
  if (text !== '' && !scopeShape.test(text)) return undefined
  const scopes = new Set(text === '' ? [] : text.split(' '))
  for (const scope of scopes) if (standard.has(scope)) return undefined
  const resource = form.get('resource') ?? resourceOf(client.id)
  const address = URL.parse(resource)?.href
  if (address === undefined || address.includes('#')) return undefined
  try {
    const server = await resourceServerOf(resource, client, { clients: deps.clients, issuer: deps.url })
    const signing = server.jwt as { readonly sign?: { readonly alg?: string } } | undefined
    if (signing?.sign?.alg !== 'ES256') return undefined
    const offered = new Set(server.scope.split(' '))
    const scope = [...scopes].filter((one) => offered.has(one)).join(' ')
    return { audience: String(server.audience), scope: scope || undefined, seconds: server.accessTokenTTL as number }
  } catch {
    return undefined // and told by the provider
  }
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly retryAfter?: number | undefined
}

const unavailable = { error: 'temporarily_unavailable' }

async function issue(
  deps: OwnTokenDeps,
  request: FastifyRequest,
  client: RegisteredClient,
  { audience, scope, seconds }: Wanted,
): Promise<Answer> {
  const atMs = deps.clock.nowMs()
  const iat = Math.floor(atMs / 1_000)
  const exp = iat + seconds
  const jti = randomToken(systemEntropy)
  const claims = {
    jti,
    sub: client.id,
    iat,
    exp,
    ...(scope !== undefined && { scope }),
    client_id: client.id,
    iss: deps.url,
    aud: audience,
    org: client.organizationId,
    ...(client.owner !== undefined && { owner: client.owner }),
  }
  const artifact: Artifact = {
    id: jwtArtifactId(jti, iat),
    kind: 'ClientCredentials',
    clientId: client.id,
    subject: undefined,
    grantId: undefined,
    sessionId: undefined,
    payload: { iat, exp, clientId: client.id, scope, aud: audience, owner: client.owner },
    issuedAtMs: iat * 1_000,
    expiresAtMs: exp * 1_000,
    consumedAtMs: undefined,
  }
  const access = {
    kind: 'access_token',
    format: 'jwt',
    hash: artifact.id,
    scope,
    audience,
    expiresAtMs: artifact.expiresAtMs,
    grantId: undefined,
    sessionId: undefined,
  } as const
  const actor = { type: 'anonymous', name: 'anonymous' } as const
  const sent = { actor, requestId: request.id, address: request.ip, ...traced(request) }
  try {
    deps.limit.take(client.id)
    await keep(deps, artifact, recordOf(sent, client, { grantType, access, atMs }))
    const token = signJwt(deps.signer, { typ: 'at+jwt' }, claims)
    const body = {
      access_token: token,
      expires_in: seconds,
      ...(scope !== undefined && { scope }),
      token_type: 'Bearer',
    }
    return { status: 200, body }
  } catch (error) {
    if (isFault(error, 'web.rate_limited'))
      return { status: 429, body: unavailable, retryAfter: error.retryAfterSeconds ?? 1 }
    deps.onError(request, error)
    if (!isFault(error)) return { status: 500, body: { error: 'server_error' } }
    return { status: 503, body: unavailable, retryAfter: error.retryAfterSeconds ?? 1 }
  }
}

/** Durable once it returns: in the database, or in the spool while that is away. */
async function keep(
  { storage, spool }: OwnTokenDeps,
  artifact: Artifact,
  { act, event }: ReturnType<typeof recordOf>,
): Promise<void> {
  if (spool?.isAway) return spool.keep({ artifact, act, event })
  try {
    await storage.transact(async (tx) => {
      await insertArtifact(tx, artifact)
      await record(tx, act, event)
    })
    spool?.answered()
  } catch (error) {
    if (spool === undefined || !isFault(error, 'storage.unavailable')) throw error
    await spool.keep({ artifact, act, event })
  }
}
