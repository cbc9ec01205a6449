import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Clock } from '#kernel'
import { apiKeyPrefix } from '../api-keys/format.ts'
import { paths } from '../oidc/paths.ts'
import type { Signer } from '../oidc/signing.ts'
import type { AccessTokenVerifier } from '../verify/verify-access-token.ts'
import { signIntrospection, tellKey } from './introspect.ts'

interface Deps {
  readonly url: string
  readonly clock: Clock
  readonly signer: Signer
  readonly verifier: AccessTokenVerifier
}

/** The provider knows no API keys: where it has let a client ask, with whatever proof, and the question is one, we answer it. */
export function introspectKey(deps: Deps, ctx: KoaContextWithOIDC): void {
  if (ctx.path !== paths.introspection || ctx.status !== 200) return
  const { client, params } = ctx.oidc
  const token = params?.token
  if (client === undefined || typeof token !== 'string' || !token.startsWith(apiKeyPrefix)) return
  const told = tellKey(deps.verifier, token, client.clientId)
  const isSigned = ctx.response.type === 'application/token-introspection+jwt'
  ctx.body = isSigned ? signIntrospection(deps, { id: client.clientId }, told) : told
  if (isSigned) ctx.type = 'application/token-introspection+jwt'
}
