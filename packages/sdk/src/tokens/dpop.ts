import { createHash, hash } from 'node:crypto'
import type { Surroundings } from '../clock.ts'
import { type Algorithm, bareJwk, checkSignature, isAlgorithm, type PublicKey, publicKeyOf } from './algorithms.ts'
import { readJws } from './jws.ts'

/** A request as its sender's proof must describe it (RFC 9449 §4.2). */
export interface ProvedRequest {
  readonly method: string
  /** As the client knows it; query and fragment do not count. */
  readonly url: string
  readonly accessToken: string
}

export interface DpopOptions {
  /** What proofs may be signed with. Default: `ES256`, `ES384`, `ES512`, `EdDSA`, `Ed25519`, `PS256`. */
  readonly algorithms?: readonly Algorithm[]
  /** How far from now a proof may say it was made, both ways. Default 60. */
  readonly windowSeconds?: number
  /** Most proofs remembered against their replay; beyond, none is taken until the window has passed. Default 1,000,000. */
  readonly rememberedMost?: number
}

const proofLengthMost = 8_192
const keysMost = 1_000

/** Checks proofs of possession (RFC 9449 §4.3), each of which counts once. No I/O. */
export class DpopProofs {
  readonly algorithms: readonly Algorithm[]
  readonly #windowSeconds: number
  readonly #most: number
  readonly #surroundings: Surroundings
  readonly #keys = new Map<string, PublicKey>()
  #seen = new Set<string>()
  #seenBefore = new Set<string>()
  #turnsAtMs = 0

  constructor(options: DpopOptions, surroundings: Surroundings) {
    this.algorithms = options.algorithms ?? ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256']
    this.#windowSeconds = options.windowSeconds ?? 60
    this.#most = options.rememberedMost ?? 1_000_000
    this.#surroundings = surroundings
  }

  /** The thumbprint (RFC 7638) of the key that signed this proof for this request; undefined for any other proof. */
  check(proof: string, request: ProvedRequest): string | undefined {
    const jws = proof.length <= proofLengthMost ? readJws(proof) : undefined
    if (jws === undefined) return undefined
    const { typ, alg, jwk, crit } = jws.header
    if (typ !== 'dpop+jwt' || crit !== undefined || !isAlgorithm(alg) || !this.algorithms.includes(alg))
      return undefined
    const { htm, htu, iat, jti, ath } = jws.payload
    const nowMs = this.#surroundings.nowMs()
    if (typeof iat !== 'number' || !(Math.abs(nowMs / 1_000 - iat) <= this.#windowSeconds)) return undefined
    if (typeof jti !== 'string' || jti === '' || jti.length > 256 || htm !== request.method) return undefined
    const address = typeof htu === 'string' ? addressOf(htu) : undefined
    if (address === undefined || address !== addressOf(request.url)) return undefined
    if (ath !== hash('sha256', request.accessToken, 'base64url')) return undefined
    const bare = bareJwk(jwk)
    if (bare === undefined) return undefined
    const thumbprint = createHash('sha256').update(JSON.stringify(bare)).digest('base64url')
    const key = this.#keyOf(bare, thumbprint)
    if (key === undefined || !checkSignature(alg, key, jws.signed, jws.signature)) return undefined
    return this.#isFirst(`${thumbprint} ${jti}`, nowMs) ? thumbprint : undefined
  }

  #keyOf(bare: object, thumbprint: string): PublicKey | undefined {
    const known = this.#keys.get(thumbprint)
    if (known !== undefined) return known
    const found = publicKeyOf(bare)
    if (found === undefined) return undefined
    if (this.#keys.size >= keysMost) this.#keys.delete(this.#keys.keys().next().value as string)
    this.#keys.set(thumbprint, found)
    return found
  }

  /** INVARIANT: what is asked here has a signature that was checked: nobody else fills the memory. */
  #isFirst(id: string, nowMs: number): boolean {
    const turnMs = 2 * this.#windowSeconds * 1_000
    if (nowMs >= this.#turnsAtMs) {
      // Both halves together outlive every proof that is still in time.
      this.#seenBefore = nowMs >= this.#turnsAtMs + 2 * turnMs ? new Set() : this.#seen
      this.#seen = new Set()
      this.#turnsAtMs = nowMs + turnMs
    }
    if (this.#seen.has(id) || this.#seenBefore.has(id) || this.#seen.size >= this.#most) return false
    this.#seen.add(id)
    return true
  }
}

/** Scheme, host and path, in their normal form (RFC 9449 §4.3). */
function addressOf(text: string): string | undefined {
  const url = URL.parse(text)
  return url === null ? undefined : `${url.origin}${url.pathname}`
}
