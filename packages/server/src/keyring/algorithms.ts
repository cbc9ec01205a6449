import { createHash, generateKeyPair, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { toDerSignature, toJwsSignature } from './ecdsa-signature.ts'
import type { SigningAlgorithm } from './signing-key.store.ts'

/** A public key as a JWK (RFC 7517) for a key set. */
export interface PublicJwk {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly use: 'sig'
  readonly kty: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
}

export const algorithms: readonly SigningAlgorithm[] = ['ES256', 'EdDSA', 'RS256']
const generate = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>

export function generateSigningKey(
  algorithm: SigningAlgorithm,
): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  if (algorithm === 'ES256') return generate('ec', { namedCurve: 'P-256' })
  if (algorithm === 'EdDSA') return generate('ed25519', {})
  return generate('rsa', { modulusLength: 3072, publicExponent: 65_537 })
}

/** The public JWK; its `kid` is the SHA-256 thumbprint (RFC 7638 §3, RFC 8037 §2 for OKP). */
export function toPublicJwk(algorithm: SigningAlgorithm, key: KeyObject): PublicJwk {
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' }) as Record<string, string>
  // The members required for each key type, in lexicographic order.
  const required = kty === 'EC' ? { crv, kty, x, y } : kty === 'OKP' ? { crv, kty, x } : { e, kty, n }
  const kid = createHash('sha256').update(JSON.stringify(required)).digest('base64url')
  return { kid, alg: algorithm, use: 'sig', ...required } as PublicJwk
}

/** A JWS signature (RFC 7518 §3.3–3.4, RFC 8037 §3.1): for ES256 the 64 bytes of R and S. */
export function signWith(algorithm: SigningAlgorithm, key: KeyObject, data: Uint8Array): Uint8Array {
  if (algorithm === 'EdDSA') return sign(null, data, key)
  const signature = sign('sha256', data, key)
  return algorithm === 'ES256' ? toJwsSignature(signature) : signature
}

export function verifyWith(
  algorithm: SigningAlgorithm,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (algorithm === 'EdDSA') return verify(null, data, key, signature)
  const known = algorithm === 'ES256' ? toDerSignature(signature) : signature
  return known !== undefined && verify('sha256', data, key, known)
}
