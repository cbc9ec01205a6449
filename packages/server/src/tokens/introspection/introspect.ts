import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '#kernel'
import type { Reader } from '#storage'
import { hasArtifact } from '../artifacts/artifact.store.ts'
import { jwtArtifactId } from '../oidc/adapter.ts'
import type { ClientCache } from '../oidc/clients.ts'
import type { Signer } from '../oidc/signing.ts'
import type { RegisteredClient } from '../ports.ts'
import { looksLikeJws } from '../verify/read-jws.ts'
import type { AccessTokenClaims, AccessTokenVerifier } from '../verify/verify-access-token.ts'

export interface IntrospectionDeps {
  readonly url: string
  readonly clock: Clock
  readonly clients: ClientCache
  readonly verifier: AccessTokenVerifier
  readonly signer: Signer
  /** Where other nodes may have revoked what this one has not heard of yet; undefined where there are none. */
  readonly shared: Reader | undefined
}

const jwtType = 'application/token-introspection+jwt'

/**
 * Introspection of our own JWTs (RFC 7662), without the provider: a client that proves itself by its secret asks about a token that
 * is verified in memory. Anything else (another proof, an opaque token, a mistake) is left to the provider.
 * @returns false when it is not for here, and nothing was answered
 */
export async function introspectJwt(
  deps: IntrospectionDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<boolean> {
  const { authorization, origin, accept = '*/*' } = request.headers
  if (origin !== undefined || !Buffer.isBuffer(request.body) || !isForm(request)) return false
  const form = new URLSearchParams(request.body.toString('utf8'))
  const token = only(form, 'token')
  if (token === undefined || !looksLikeJws(token) || form.has('client_assertion')) return false
  const given =
    authorization === undefined ? byForm(form) : form.has('client_secret') ? undefined : byHeader(authorization)
  if (given === undefined || (form.has('client_id') && only(form, 'client_id') !== given.id)) return false
  const client = await deps.clients.find(given.id)
  if (client?.authMethod !== 'client_secret_basic' || !client.verifySecret(given.secret)) return false

  const claims = deps.verifier.verify(token, undefined)
  const told = claims !== undefined && (await isFor(deps, claims, client)) ? tell(claims) : { active: false }
  reply.header('cache-control', 'no-store')
  if (!accept.includes(jwtType)) {
    reply.type('application/json; charset=utf-8').send(JSON.stringify(told))
    return true
  }
  reply.type(jwtType).send(sign(deps, client, told))
  return true
}

/** In force to the second, of this client or for it, and not revoked elsewhere a moment ago. */
async function isFor(deps: IntrospectionDeps, claims: AccessTokenClaims, client: RegisteredClient): Promise<boolean> {
  const nowMs = deps.clock.nowMs()
  if (nowMs >= claims.exp * 1_000 || (claims.client_id !== client.id && claims.aud !== client.id)) return false
  if (deps.shared === undefined) return true
  return hasArtifact(deps.shared, jwtArtifactId(claims.jti, claims.iat), nowMs)
}

/** RFC 7662 §2.2, RFC 9470 §6.2, RFC 8705 §3.2, RFC 9449 §6.2, RFC 9396 §9.2: the token's own claims. */
function tell(claims: AccessTokenClaims): Record<string, unknown> {
  return { active: true, ...claims, token_type: claims.cnf?.jkt === undefined ? 'Bearer' : 'DPoP' }
}

/** The answer as a JWT for the one who asked (RFC 9701 §5). */
function sign({ signer, url, clock }: IntrospectionDeps, client: RegisteredClient, told: object): string {
  const { kid } = signer.activeKey('ES256')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const iat = Math.floor(clock.nowMs() / 1_000)
  const signed = `${encode({ typ: 'token-introspection+jwt', alg: 'ES256', kid })}.${encode({ iss: url, aud: client.id, iat, token_introspection: told })}`
  return `${signed}.${Buffer.from(signer.sign(kid, Buffer.from(signed))).toString('base64url')}`
}

const isForm = ({ headers }: FastifyRequest) =>
  /^application\/x-www-form-urlencoded(;|$)/i.test(headers['content-type'] ?? '')

function only(form: URLSearchParams, name: string): string | undefined {
  const values = form.getAll(name)
  return values.length === 1 ? values[0] : undefined
}

interface Given {
  readonly id: string
  readonly secret: string
}

function byForm(form: URLSearchParams): Given | undefined {
  const [id, secret] = [only(form, 'client_id'), only(form, 'client_secret')]
  return id && secret ? { id, secret } : undefined
}

/** RFC 6749 §2.3.1. Our ids and secrets have no letter that its encoding changes; whatever has is left to the provider. */
function byHeader(authorization: string): Given | undefined {
  const base64 = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1]
  const [, id, secret] =
    /^(\w+):([\w-]+)$/.exec(base64 === undefined ? '' : Buffer.from(base64, 'base64').toString('latin1')) ?? []
  return id && secret ? { id, secret } : undefined
}
