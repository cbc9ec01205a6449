import { GatehouseError } from '../errors.ts'
import type { AccessTokenClaims } from './claims.ts'
import type { DpopProofs } from './dpop.ts'
import type { TokenVerifier } from './token-verifier.ts'

/** What a request shows of its sender. */
export interface PresentedRequest {
  readonly authorization: string | undefined
  /** The one `DPoP` header; an array when there were several. */
  readonly dpop?: string | readonly string[] | undefined
  readonly method: string
  /** As the client addressed it: scheme, host and path. */
  readonly url: string
  /** base64url SHA-256 of the client's certificate, checked by whoever ended its TLS connection (RFC 8705 §3.1). */
  readonly certificateThumbprint?: string | undefined
}

/**
 * The claims of the access token that a request carries, once its sender has shown to be the one it was issued to: a bound token
 * counts with its key's proof (RFC 9449 §7.1) or certificate (RFC 8705 §3) only, and never as a bearer token.
 * @throws {GatehouseError} `token.missing`, `token.invalid`, `token.proof_invalid`, `keys.unavailable`; with its challenge
 */
export async function verifyPresented(
  deps: { readonly verifier: TokenVerifier; readonly proofs: DpopProofs },
  { authorization, dpop, method, url, certificateThumbprint }: PresentedRequest,
): Promise<AccessTokenClaims> {
  const algs = `algs="${deps.proofs.algorithms.join(' ')}"`
  const [, scheme, token] = /^(Bearer|DPoP) +([^\s,]+)$/i.exec(authorization ?? '') ?? []
  if (scheme === undefined || token === undefined)
    throw new GatehouseError('token.missing', 'The request carries no access token', {
      challenge: `Bearer, DPoP ${algs}`,
    })
  const isDpop = scheme.toLowerCase() === 'dpop'
  const verified = deps.verifier.verify(token)
  const claims = verified instanceof Promise ? await verified : verified
  const { jkt, 'x5t#S256': x5t } = claims.cnf ?? {}
  if ((jkt !== undefined) !== isDpop)
    throw new GatehouseError(
      'token.invalid',
      isDpop ? 'The token is not bound to a key' : 'The token is bound to a key: send it with its proof',
      { challenge: isDpop ? 'Bearer error="invalid_token"' : `DPoP error="invalid_token", ${algs}` },
    )
  if (jkt !== undefined) {
    const proved = typeof dpop === 'string' ? deps.proofs.check(dpop, { method, url, accessToken: token }) : undefined
    if (proved !== jkt)
      throw new GatehouseError('token.proof_invalid', 'The proof of possession does not count for this request', {
        challenge: `DPoP error="invalid_dpop_proof", ${algs}`,
      })
  }
  if (x5t !== undefined && certificateThumbprint !== x5t)
    throw new GatehouseError('token.invalid', 'The token is bound to another client certificate', {
      challenge: 'Bearer error="invalid_token"',
    })
  return claims
}
