import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { readCredential } from '#web'
import type { Certificates } from '../oidc/certificates.ts'
import type { DpopProofs } from './dpop-proof.ts'
import type { AccessTokenClaims, AccessTokenVerifier } from './verify-access-token.ts'

/** A request, and how its sender addressed it: behind a gateway that is not how it came here. */
export interface PresentedRequest {
  readonly request: FastifyRequest
  readonly method: string
  readonly url: string
}

export interface PresentedDeps {
  readonly verifier: AccessTokenVerifier
  readonly proofs: DpopProofs
  readonly certificates: Certificates
}

/**
 * The claims of the access token that a request carries for this audience, once its sender has shown to be the one it was issued
 * to: a bound token counts with its key's proof (RFC 9449 §7.1) or certificate (RFC 8705 §3) only, and never as a bearer token.
 * @returns `none` when the request carries no access token at all, undefined when what it carries does not count
 */
export function verifyPresented(
  deps: PresentedDeps,
  { request, method, url }: PresentedRequest,
  audience: string,
): AccessTokenClaims | 'none' | undefined {
  const credential = readCredential(request.headers.authorization)
  if (credential === undefined) return 'none'
  const { isDpop, token } = credential
  const claims = deps.verifier.verify(token, audience)
  if (claims === undefined) return undefined
  const { jkt, 'x5t#S256': x5t } = claims.cnf ?? {}
  if ((jkt !== undefined) !== isDpop) return undefined
  if (jkt !== undefined) {
    const proof = request.headers.dpop
    if (typeof proof !== 'string') return undefined
    if (deps.proofs.check(proof, { method, url, accessToken: token }) !== jkt) return undefined
  }
  if (x5t !== undefined) {
    const certificate = deps.certificates.of(request.raw)
    if (certificate === undefined || hash('sha256', certificate.raw, 'base64url') !== x5t) return undefined
  }
  return claims
}
