import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto'

/** Signature algorithms that the SDK can check. No symmetric one and no `none`: a public key is never a secret. */
export type Algorithm = 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'Ed25519' | 'PS256' | 'RS256'

interface Known {
  /** Curve, or `RSA`: a key of another kind never meets this algorithm. */
  readonly of: string
  readonly check: (key: KeyObject, signed: Uint8Array, signature: Uint8Array) => boolean
}

const ecdsa = (of: string, digest: string): Known => ({
  of,
  check: (key, signed, signature) => verify(digest, signed, { key, dsaEncoding: 'ieee-p1363' }, signature),
})
const eddsa: Known = { of: 'Ed25519', check: (key, signed, signature) => verify(null, signed, key, signature) }

const known: Readonly<Record<Algorithm, Known>> = {
  ES256: ecdsa('P-256', 'sha256'),
  ES384: ecdsa('P-384', 'sha384'),
  ES512: ecdsa('P-521', 'sha512'),
  EdDSA: eddsa,
  Ed25519: eddsa,
  PS256: {
    of: 'RSA',
    check: (key, signed, signature) => verify('sha256', signed, { key, padding: 6, saltLength: 32 }, signature),
  },
  RS256: { of: 'RSA', check: (key, signed, signature) => verify('sha256', signed, key, signature) },
}

export const isAlgorithm = (name: unknown): name is Algorithm => typeof name === 'string' && Object.hasOwn(known, name)

/** A public key and what it may check. */
export interface PublicKey {
  readonly key: KeyObject
  /** Curve, or `RSA`. */
  readonly of: string
  /** Set when the key says itself which algorithm alone it is for (RFC 7517 §4.4). */
  readonly alg: string | undefined
}

export function checkSignature(alg: Algorithm, key: PublicKey, signed: Uint8Array, signature: Uint8Array): boolean {
  const { of, check } = known[alg]
  if (key.of !== of || (key.alg !== undefined && key.alg !== alg)) return false
  return check(key.key, signed, signature)
}

const members: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** The members of a public JWK that name the key, in the order of its thumbprint (RFC 7638 §3.2); undefined for any other. */
export function bareJwk(jwk: unknown): JsonWebKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const given = jwk as Record<string, unknown>
  const names = Object.hasOwn(members, String(given.kty)) ? members[String(given.kty)] : undefined
  if (names?.every((name) => typeof given[name] === 'string') !== true || given.d !== undefined) return undefined
  return Object.fromEntries(names.map((name) => [name, given[name] as string]))
}

/** Undefined for what is no public key that the SDK can use: a private one, a short RSA one, an unknown curve. */
export function publicKeyOf(jwk: unknown): PublicKey | undefined {
  const bare = bareJwk(jwk)
  if (bare === undefined) return undefined
  const of = bare.kty === 'RSA' ? 'RSA' : String(bare.crv)
  try {
    const key = createPublicKey({ key: bare, format: 'jwk' })
    if (of === 'RSA' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2_048) return undefined
    const { alg } = jwk as { alg?: unknown }
    return { key, of, alg: typeof alg === 'string' ? alg : undefined }
  } catch {
    return undefined
  }
}
