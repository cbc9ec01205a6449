import { hash } from 'node:crypto'
import { type AccessTokenClaims, principalsOf } from './claims.ts'

/** What no longer counts although its end has not come, as the server tells it. */
export interface Revocation {
  readonly kind: 'token' | 'grant' | 'session' | 'sessions' | 'principal' | 'organization' | 'key'
  readonly id: string
  /** With `sessions`: the one that goes on. */
  readonly except?: string
  /** Only what was issued up to then; absent: everything, until it is lifted. */
  readonly beforeMs?: number
  /** When nothing can be left that it kills. */
  readonly untilMs: number
}

/** The server's revocations, in memory; asked on every request. */
export class RevocationSet {
  readonly #entries = new Map<string, Revocation>()
  /** Counts changes: a cached answer of an older count is asked again. */
  generation = 0

  get size(): number {
    return this.#entries.size
  }

  add(...revocations: readonly Revocation[]): void {
    for (const revocation of revocations) this.#entries.set(`${revocation.kind} ${revocation.id}`, revocation)
    this.generation++
  }

  /** Takes over a whole set: what is not in it has been lifted or has ended. */
  replace(revocations: readonly Revocation[]): void {
    this.#entries.clear()
    this.add(...revocations)
  }

  sweep(nowMs: number): void {
    for (const [key, entry] of this.#entries) if (entry.untilMs < nowMs) this.#entries.delete(key)
  }

  /** Whether anything that the token hangs on has been revoked since it was issued; whole seconds, as tokens count in them. */
  covers(claims: AccessTokenClaims, kid?: string): boolean {
    if (this.#entries.size === 0) return false
    // A key that was given up, stolen perhaps: key sets that are cached still have it.
    if (kid !== undefined && this.#entries.has(`key ${kid}`)) return true
    const issuedAtMs = claims.iat * 1_000
    const { sid, gid, org } = claims
    if (this.#hits('token', tokenName(claims), issuedAtMs)) return true
    if (gid !== undefined && this.#hits('grant', gid, issuedAtMs)) return true
    if (sid !== undefined && this.#hits('session', sid, issuedAtMs)) return true
    for (const principal of principalsOf(claims)) {
      if (this.#hits('principal', principal, issuedAtMs)) return true
      const sessions = this.#entries.get(`sessions ${principal}`)
      if (sid !== undefined && sessions !== undefined && sessions.except !== sid && reaches(sessions, issuedAtMs))
        return true
    }
    return org !== undefined && this.#hits('organization', org, issuedAtMs)
  }

  /** Whether an API key has ended, or its owner is barred. The end of what was issued before (tokens, sessions) is none of keys. */
  coversKey(claims: AccessTokenClaims): boolean {
    const { sub, org } = claims
    const bars = (entry: Revocation | undefined) => entry !== undefined && entry.beforeMs === undefined
    if (this.#entries.has(`token ${tokenName(claims)}`)) return true
    return bars(this.#entries.get(`principal ${sub}`)) || bars(this.#entries.get(`organization ${org}`))
  }

  #hits(kind: Revocation['kind'], id: string, issuedAtMs: number): boolean {
    const entry = this.#entries.get(`${kind} ${id}`)
    return entry !== undefined && reaches(entry, issuedAtMs)
  }
}

const reaches = ({ beforeMs }: Revocation, issuedAtMs: number) => beforeMs === undefined || issuedAtMs <= beforeMs

/** How the server names a token that was revoked: when it was issued, and a hash, so that the set tells no token ids. */
function tokenName({ jti, iat }: AccessTokenClaims): string {
  return `${iat.toString(36).padStart(7, '0')}.${hash('sha256', `jwt:${jti}`, 'base64url')}`
}
