import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '#kernel'
import type { Reader } from '#storage'
import type { ApiKeyClaims } from '../api-keys/api-key-set.ts'
import { apiKeyPrefix } from '../api-keys/format.ts'
import { hasArtifact } from '../artifacts/artifact.store.ts'
import type { ClientCache } from '../oidc/clients.ts'
import { findBySecret, only, readSecretRequest } from '../oidc/secret-request.ts'
import { signJwt } from '../oidc/sign-jwt.ts'
import type { Signer } from '../oidc/signing.ts'
import { jwtArtifactId } from '../oidc/stored-token.ts'
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
  const asked = readSecretRequest(request)
  const token = asked && only(asked.form, 'token')
  const isKey = token?.startsWith(apiKeyPrefix) === true
  if (asked === undefined || token === undefined || !(isKey || looksLikeJws(token))) return false
  const client = await findBySecret(deps.clients, asked)
  if (client === undefined) return false
  const { accept = '*/*' } = request.headers

  const told = isKey ? tellKey(deps.verifier, token, client.id) : await tellJwt(deps, token, client)
  reply.header('cache-control', 'no-store')
  if (!accept.includes(jwtType)) {
    reply.type('application/json; charset=utf-8').send(JSON.stringify(told))
    return true
  }
  reply.type(jwtType).send(signIntrospection(deps, client, told))
  return true
}

async function tellJwt(deps: IntrospectionDeps, token: string, client: RegisteredClient): Promise<Told> {
  const claims = deps.verifier.verify(token, undefined)
  return claims !== undefined && (await isFor(deps, claims, client)) ? tell(claims) : { active: false }
}

/** An API key is told of to the application that it is for, as a token of the same rights would be. */
export function tellKey(verifier: AccessTokenVerifier, text: string, clientId: string): Told {
  const claims = verifier.verify(text, clientId)
  if (claims === undefined) return { active: false }
  const { apiKey: _, actions: __, ...told } = claims as ApiKeyClaims
  return tell(told)
}

type Told = Readonly<Record<string, unknown>>

/** In force to the second, of this client or for it, and not revoked elsewhere a moment ago. */
async function isFor(deps: IntrospectionDeps, claims: AccessTokenClaims, client: RegisteredClient): Promise<boolean> {
  const nowMs = deps.clock.nowMs()
  if (nowMs >= claims.exp * 1_000 || (claims.client_id !== client.id && claims.aud !== client.id)) return false
  if (deps.shared === undefined) return true
  return hasArtifact(deps.shared, jwtArtifactId(claims.jti, claims.iat), nowMs)
}

/** RFC 7662 §2.2, RFC 9470 §6.2, RFC 8705 §3.2, RFC 9449 §6.2, RFC 9396 §9.2: the token's own claims. */
function tell(claims: AccessTokenClaims): Told {
  return { active: true, ...claims, token_type: claims.cnf?.jkt === undefined ? 'Bearer' : 'DPoP' }
}

/** The answer as a JWT for the one who asked (RFC 9701 §5). */
export function signIntrospection(
  { signer, url, clock }: Pick<IntrospectionDeps, 'signer' | 'url' | 'clock'>,
  client: { readonly id: string },
  told: object,
): string {
  const iat = Math.floor(clock.nowMs() / 1_000)
  return signJwt(
    signer,
    { typ: 'token-introspection+jwt' },
    { iss: url, aud: client.id, iat, token_introspection: told },
  )
}
