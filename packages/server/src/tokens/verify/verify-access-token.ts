import { hash } from 'node:crypto'
import type { Clock } from '#kernel'
import { type ActClaim, actorsOf, readAct } from '../exchange/act-chain.ts'
import { skewSeconds } from '../oidc/lifetimes.ts'
import type { Signer } from '../oidc/signing.ts'
import { jwtArtifactId } from '../oidc/stored-token.ts'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import { readJws } from './read-jws.ts'

/** The claims of one of our access tokens (RFC 9068 §2.2), checked. */
export interface AccessTokenClaims {
  readonly iss: string
  /** User, or for client credentials the client itself. */
  readonly sub: string
  readonly aud: string
  readonly client_id: string
  readonly jti: string
  /** Seconds. */
  readonly exp: number
  readonly iat: number
  readonly scope?: string
  /** Organization of the subject. */
  readonly org?: string
  /** Public id of the sign-in session it ends with. */
  readonly sid?: string
  /** Grant that it comes from. */
  readonly gid?: string
  readonly auth_time?: number
  readonly acr?: string
  readonly amr?: readonly string[]
  /** What the sender must prove to hold (RFC 7800 §3): see `verifyPresented`. */
  readonly cnf?: { readonly jkt?: string; readonly 'x5t#S256'?: string }
  /** Who acts for the subject (RFC 8693 §4.1). */
  readonly act?: ActClaim
  /** The person who answers for the subject, when it is a machine. */
  readonly owner?: string
  /** Artifact ids of the tokens that it came from: it ends with each of them. */
  readonly src?: readonly string[]
  /** RFC 9396 §9.1. */
  readonly authorization_details?: readonly Readonly<Record<string, unknown>>[]
}

/** What else than a JWT speaks for somebody: API keys. */
export interface KeyVerifier {
  /** By its beginning: whether the text is for `verify` to judge, and for nothing else. */
  claims(text: string): boolean
  /** Whether it is in force, wherever it counts. */
  knows(text: string): boolean
  verify(text: string, audience: string): AccessTokenClaims | undefined
}

export interface VerifierDeps {
  readonly keys?: KeyVerifier
  readonly issuer: string
  readonly signer: Signer
  readonly revocations: RevocationSet
  readonly clock: Clock
}

/** `wrong_signature`: or a header or claims that no access token of ours has. `wrong_holder`: without the proof that it is bound to. */
export type TokenProblem =
  | 'too_long'
  | 'malformed'
  | 'unknown_key'
  | 'wrong_signature'
  | 'not_yet'
  | 'expired'
  | 'other_audience'
  | 'revoked'
  | 'wrong_holder'
  | 'api_key_unknown'

/** Of a token that we have signed: the hash of its id, whom it spoke for, whom it was issued to. */
interface SignedFor {
  readonly token: string
  readonly subject: string
  readonly clientId: string
}

/** What signs access tokens here; whatever else a header names is refused before a key is looked at. */
const algorithms: ReadonlySet<string> = new Set(['ES256', 'RS256'])
const tokenLengthMost = 8_192
const rememberedMost = 20_000
const plainKeyMost = 1_024

interface Remembered {
  readonly claims: AccessTokenClaims
  readonly hash: string
  /** Of the revocation set when it was last asked. */
  generation: number
}

/** Checks access tokens that this deployment issued. Does no I/O: keys and revocations are in memory and follow the feed. */
export class AccessTokenVerifier {
  readonly #deps: VerifierDeps
  readonly #remembered = new Map<string, Remembered>()
  #algorithmOf = new Map<string, string>()

  constructor(deps: VerifierDeps) {
    this.#deps = deps
    const load = () => {
      this.#algorithmOf = new Map(deps.signer.signingKeys().map((key) => [key.kid, key.alg]))
      this.#remembered.clear() // what a forgotten key signed counts no more
    }
    deps.signer.onChange(load)
    load()
  }

  /**
   * The claims of a token that counts now, for this audience; undefined for any other (RFC 9068 §4).
   * @param audience undefined accepts every audience: for introspection and revocation only
   */
  verify(token: string, audience: string | undefined): AccessTokenClaims | undefined {
    if (token.length > tokenLengthMost) return undefined
    const { keys } = this.#deps
    if (keys?.claims(token)) return audience === undefined ? undefined : keys.verify(token, audience)
    // What is long is remembered by its digest, so that what is remembered has a size.
    const key = token.length <= plainKeyMost ? token : hash('sha256', token, 'base64')
    let known = this.#remembered.get(key)
    if (known === undefined) {
      const claims = this.#checkSigned(token)
      if (claims === undefined) return undefined
      known = { claims, hash: jwtArtifactId(claims.jti, claims.iat), generation: -1 }
      if (this.#remembered.size >= rememberedMost)
        this.#remembered.delete(this.#remembered.keys().next().value as string)
      this.#remembered.set(key, known)
    }
    const { claims } = known
    if (!this.#isInTime(claims)) {
      this.#remembered.delete(key)
      return undefined
    }
    if (audience !== undefined && claims.aud !== audience) return undefined
    return this.#isRevoked(known) ? undefined : claims
  }

  /**
   * Why a token does not count, for the record: `verify` alone decides. Its claims are told only of one that we have signed.
   * @param audience as for `verify`
   */
  explain(token: string, audience: string | undefined): { reason: TokenProblem; claims?: SignedFor } {
    const { keys, revocations } = this.#deps
    if (token.length > tokenLengthMost) return { reason: 'too_long' }
    if (keys?.claims(token)) return { reason: keys.knows(token) ? 'other_audience' : 'api_key_unknown' }
    const jws = readJws(token)
    if (jws === undefined) return { reason: 'malformed' }
    const claims = this.#checkSigned(token)
    if (claims === undefined)
      return { reason: this.#algorithmOf.has(String(jws.header.kid)) ? 'wrong_signature' : 'unknown_key' }
    const hash = jwtArtifactId(claims.jti, claims.iat)
    const told = { claims: { token: hash, subject: claims.sub, clientId: claims.client_id } }
    if (!this.#isInTime(claims))
      return { reason: claims.iat * 1_000 > this.#deps.clock.nowMs() ? 'not_yet' : 'expired', ...told }
    if (audience !== undefined && claims.aud !== audience) return { reason: 'other_audience', ...told }
    const revoked = this.#isRevoked({ claims, hash, generation: revocations.generation - 1 })
    return { reason: revoked ? 'revoked' : 'wrong_holder', ...told }
  }

  #checkSigned(token: string): AccessTokenClaims | undefined {
    const jws = readJws(token)
    if (jws === undefined) return undefined
    const { typ, alg, kid, crit } = jws.header
    if (typeof typ !== 'string' || !/^(application\/)?at\+jwt$/i.test(typ) || crit !== undefined) return undefined
    if (typeof alg !== 'string' || typeof kid !== 'string') return undefined
    if (!algorithms.has(alg) || this.#algorithmOf.get(kid) !== alg) return undefined
    if (!this.#deps.signer.verify(kid, jws.signed, jws.signature)) return undefined
    const claims = jws.payload
    if (claims.iss !== this.#deps.issuer) return undefined
    for (const name of ['sub', 'aud', 'client_id', 'jti']) if (typeof claims[name] !== 'string') return undefined
    for (const name of ['exp', 'iat']) if (!Number.isSafeInteger(claims[name])) return undefined
    if (claims.cnf !== undefined && !isConfirmation(claims.cnf)) return undefined
    if (claims.act !== undefined && readAct(claims.act) === undefined) return undefined
    if (claims.src !== undefined && !isTexts(claims.src)) return undefined
    if (claims.nbf !== undefined && !Number.isSafeInteger(claims.nbf)) return undefined
    return Object.freeze(claims) as unknown as AccessTokenClaims
  }

  #isInTime(claims: AccessTokenClaims & { nbf?: number }): boolean {
    const now = this.#deps.clock.nowMs() / 1_000
    return now <= claims.exp + skewSeconds && Math.max(claims.iat, claims.nbf ?? 0) <= now + skewSeconds
  }

  #isRevoked(known: Remembered): boolean {
    const { revocations } = this.#deps
    if (known.generation === revocations.generation) return false
    const { claims } = known
    const revoked = revocations.covers({
      token: known.hash,
      grantId: claims.gid,
      sessionId: claims.sid,
      sources: claims.src,
      principals: [claims.sub, claims.client_id, ...actorsOf(claims.act)],
      organizationId: claims.org,
      issuedAtMs: claims.iat * 1_000,
    })
    if (!revoked) known.generation = revocations.generation
    return revoked
  }
}

/** A way of confirmation that is not known here cannot be checked, so a token that has one does not count. */
function isConfirmation(cnf: unknown): boolean {
  if (typeof cnf !== 'object' || cnf === null) return false
  const entries = Object.entries(cnf)
  return (
    entries.length > 0 &&
    entries.every(([name, value]) => ['jkt', 'x5t#S256'].includes(name) && typeof value === 'string')
  )
}

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string')
