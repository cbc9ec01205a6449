import { createHash, createPublicKey, hash, type JsonWebKey, type KeyObject, verify } from 'node:crypto'
import type { Clock } from '#kernel'
import { skewSeconds } from '../oidc/lifetimes.ts'
import { readJws } from './read-jws.ts'

/** A request as its sender's proof must describe it (RFC 9449 §4.2). */
export interface ProvedRequest {
  readonly method: string
  /** As the client knows it; query and fragment do not count. */
  readonly url: string
  readonly accessToken: string
}

const proofMost = 8_192
const keysMost = 1_000

type Verify = (key: KeyObject, signed: Uint8Array, signature: Uint8Array) => boolean
const ecdsa =
  (digest: string): Verify =>
  (key, signed, signature) =>
    verify(digest, signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
const eddsa: Verify = (key, signed, signature) => verify(null, signed, key, signature)
/** What a proof may be signed with, by `alg` and the curve or type of its key. No symmetric one, no `none`. */
const algorithms: Readonly<Record<string, { readonly of: string; readonly verify: Verify }>> = {
  ES256: { of: 'P-256', verify: ecdsa('sha256') },
  ES384: { of: 'P-384', verify: ecdsa('sha384') },
  ES512: { of: 'P-521', verify: ecdsa('sha512') },
  EdDSA: { of: 'Ed25519', verify: eddsa },
  Ed25519: { of: 'Ed25519', verify: eddsa },
  PS256: {
    of: 'RSA',
    verify: (key, signed, signature) => verify('sha256', signed, { key, padding: 6, saltLength: 32 }, signature),
  },
}
const members: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/**
 * Checks proofs of possession where a token is used: in memory and without I/O. A proof counts once on a node, within a minute
 * either way; the token endpoint's own are remembered by the database.
 */
export class DpopProofs {
  readonly #clock: Clock
  readonly #keys = new Map<string, { readonly key: KeyObject; readonly thumbprint: string }>()
  #seen = new Set<string>()
  #seenBefore = new Set<string>()
  #turnsAtMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The thumbprint (RFC 7638) of the key that signed this proof for this request; undefined for any other proof. */
  check(proof: string, request: ProvedRequest): string | undefined {
    const jws = proof.length <= proofMost ? readJws(proof) : undefined
    if (jws === undefined) return undefined
    const { header, payload } = jws
    const { typ, alg, jwk, crit } = header
    const algorithm = typeof alg === 'string' && Object.hasOwn(algorithms, alg) ? algorithms[alg] : undefined
    if (typ !== 'dpop+jwt' || algorithm === undefined || crit !== undefined) return undefined
    const { htm, htu, iat, jti, ath } = payload
    const nowMs = this.#clock.nowMs()
    if (typeof iat !== 'number' || !(Math.abs(nowMs / 1_000 - iat) <= skewSeconds)) return undefined
    if (typeof jti !== 'string' || jti === '' || htm !== request.method) return undefined
    if (typeof htu !== 'string' || addressOf(htu) === undefined || addressOf(htu) !== addressOf(request.url))
      return undefined
    if (ath !== hash('sha256', request.accessToken, 'base64url')) return undefined
    const known = this.#keyOf(jwk, algorithm.of)
    if (known === undefined || !algorithm.verify(known.key, jws.signed, jws.signature)) return undefined
    return this.#isFirst(`${known.thumbprint} ${jti}`, nowMs) ? known.thumbprint : undefined
  }

  #keyOf(jwk: unknown, of: string): { readonly key: KeyObject; readonly thumbprint: string } | undefined {
    if (typeof jwk !== 'object' || jwk === null) return undefined
    const given = jwk as Record<string, unknown>
    const names = members[String(given.kty)]
    if (names?.every((name) => typeof given[name] === 'string') !== true || given.d !== undefined) return undefined
    if ((given.kty === 'RSA' ? 'RSA' : given.crv) !== of) return undefined
    const bare: JsonWebKey = Object.fromEntries(names.map((name) => [name, given[name] as string]))
    const thumbprint = createHash('sha256').update(JSON.stringify(bare)).digest('base64url')
    const known = this.#keys.get(thumbprint)
    if (known !== undefined) return known
    try {
      const key = createPublicKey({ key: bare, format: 'jwk' })
      if (of === 'RSA' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2_048) return undefined
      if (this.#keys.size >= keysMost) this.#keys.delete(this.#keys.keys().next().value as string)
      const found = { key, thumbprint }
      this.#keys.set(thumbprint, found)
      return found
    } catch {
      return undefined
    }
  }

  /** INVARIANT: what is asked here has a signature that was checked: nobody else fills the memory. */
  #isFirst(id: string, nowMs: number): boolean {
    if (nowMs >= this.#turnsAtMs) {
      // Both halves together outlive every proof that is still in time.
      this.#seenBefore = nowMs >= this.#turnsAtMs + 2 * windowMs ? new Set() : this.#seen
      this.#seen = new Set()
      this.#turnsAtMs = nowMs + windowMs
    }
    if (this.#seen.has(id) || this.#seenBefore.has(id)) return false
    this.#seen.add(id)
    return true
  }
}

const windowMs = 2 * skewSeconds * 1_000

/** Scheme, host and path, in their normal form (RFC 9449 §4.3). */
function addressOf(text: string): string | undefined {
  const url = URL.parse(text)
  return url === null ? undefined : `${url.origin}${url.pathname}`
}
