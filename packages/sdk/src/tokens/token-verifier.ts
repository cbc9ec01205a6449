import { hash } from 'node:crypto'
import type { Surroundings } from '../clock.ts'
import { GatehouseError } from '../errors.ts'
import { type Algorithm, checkSignature, isAlgorithm } from './algorithms.ts'
import { type AccessTokenClaims, readClaims } from './claims.ts'
import { type ReadJws, readJws } from './jws.ts'
import type { KeySet } from './key-set.ts'
import type { RevocationSet } from './revocation-set.ts'

export interface TokenVerifierOptions {
  /** `GATEHOUSE_URL`, exactly. */
  readonly issuer: string
  /** Whom tokens must be for: the application's id. */
  readonly audience: string
  /**
   * What tokens may be signed with, whatever their header names. Default: ES256 and
   * RS256, what Gatehouse signs with; a key is good for the one that it says itself. */
  readonly algorithms?: readonly Algorithm[]
  /** Accepted difference of clocks, both ways. Default 60. */
  readonly skewSeconds?: number
  /** How many verified tokens are remembered. Default 20,000. */
  readonly rememberedMost?: number
}

interface Remembered {
  readonly claims: AccessTokenClaims
  readonly kid: string
  /** Of the revocation set when it was last asked. */
  revocations: number
}

const tokenLengthMost = 8_192

/**
 * Checks access tokens as RFC 9068 §4 says: `typ`, issuer, audience and algorithms are pinned, times and revocations are looked
 * at on every request. A token seen before costs a hash and a look-up, a new one a signature.
 */
export class TokenVerifier {
  readonly #options: Required<TokenVerifierOptions>
  readonly #keys: KeySet
  readonly #revocations: RevocationSet
  readonly #surroundings: Surroundings
  readonly #remembered = new Map<string, Remembered>()
  #generation = 0

  constructor(options: TokenVerifierOptions, keys: KeySet, revocations: RevocationSet, surroundings: Surroundings) {
    this.#options = { algorithms: ['ES256', 'RS256'], skewSeconds: 60, rememberedMost: 20_000, ...options }
    this.#keys = keys
    this.#revocations = revocations
    this.#surroundings = surroundings
  }

  /**
   * The claims of a token that counts now. Waits only for a key that is not known yet.
   * @throws {GatehouseError} `token.invalid`, `keys.unavailable`
   */
  verify(token: string): AccessTokenClaims | Promise<AccessTokenClaims> {
    if (token.length > tokenLengthMost) throw invalid('it is too long')
    if (this.#generation !== this.#keys.generation) {
      this.#remembered.clear() // what a forgotten key signed counts no more
      this.#generation = this.#keys.generation
    }
    const name = hash('sha256', token, 'base64')
    const known = this.#remembered.get(name)
    if (known !== undefined) return this.#checkNow(known, name)
    const jws = readJws(token)
    if (jws === undefined) throw invalid('it is not a signed JWT')
    const { typ, alg, kid, crit } = jws.header
    if (typeof typ !== 'string' || !/^(application\/)?at\+jwt$/i.test(typ)) throw invalid('it is not an access token')
    if (crit !== undefined || typeof kid !== 'string' || kid.length > 256) throw invalid('its header is not taken')
    if (!isAlgorithm(alg) || !this.#options.algorithms.includes(alg)) throw invalid('its algorithm is not taken')
    // What does not fit anyway causes no request for keys.
    const claims = readClaims(jws.payload, this.#options.issuer)
    if (claims === undefined) throw invalid('it is not from this issuer, or lacks claims')
    this.#checkClaims(claims)
    const key = this.#keys.peek(kid)
    if (key !== undefined) {
      if (!checkSignature(alg, key, jws.signed, jws.signature)) throw invalid('its signature is wrong')
      return this.#remember(name, claims, kid)
    }
    return this.#verifyLater(jws, kid, alg, claims, name)
  }

  async #verifyLater(jws: ReadJws, kid: string, alg: Algorithm, claims: AccessTokenClaims, name: string) {
    const key = await this.#keys.find(kid)
    if (key === undefined || !checkSignature(alg, key, jws.signed, jws.signature))
      throw invalid('no key of the issuer signed it')
    return this.#remember(name, claims, kid)
  }

  #remember(name: string, claims: AccessTokenClaims, kid: string): AccessTokenClaims {
    const remembered = { claims, kid, revocations: -1 }
    if (this.#remembered.size >= this.#options.rememberedMost)
      this.#remembered.delete(this.#remembered.keys().next().value as string)
    this.#remembered.set(name, remembered)
    return this.#checkNow(remembered, name)
  }

  #checkNow(it: Remembered, name: string): AccessTokenClaims {
    const { claims } = it
    try {
      this.#checkClaims(claims)
    } catch (error) {
      this.#remembered.delete(name)
      throw error
    }
    if (it.revocations !== this.#revocations.generation) {
      if (this.#revocations.covers(claims, it.kid)) throw invalid('it has been revoked')
      it.revocations = this.#revocations.generation
    }
    return claims
  }

  #checkClaims({ aud, exp, iat, nbf }: AccessTokenClaims): void {
    const { audience, skewSeconds } = this.#options
    const now = this.#surroundings.nowMs() / 1_000
    if (typeof aud === 'string' ? aud !== audience : !aud.includes(audience))
      throw invalid('it is for another audience')
    if (now > exp + skewSeconds) throw invalid('it has ended')
    if (Math.max(iat, nbf ?? 0) > now + skewSeconds) throw invalid('it does not count yet')
  }
}

const invalid = (why: string) =>
  new GatehouseError('token.invalid', `The access token does not count: ${why}`, {
    challenge: 'Bearer error="invalid_token"',
  })
