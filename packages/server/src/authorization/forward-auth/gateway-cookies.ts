import { createHash, timingSafeEqual } from 'node:crypto'
import { type Clock, type Entropy, randomToken } from '#kernel'
import { definePurposes } from '#keyring'
import type { CookieSealer } from './ports.ts'

export const cookiePurpose = 'authorization.gateway-cookie'
export const codePurpose = 'authorization.gateway-code'
definePurposes({
  [cookiePurpose]: 'Cookies that browsers carry to applications behind a gateway',
  [codePurpose]: 'Codes that take a sign-in to an application behind a gateway',
})

const codeMs = 60_000
const stateMs = 600_000

/** What a code or cookie says: which session, until when. */
interface Sealed {
  readonly sid: string
  readonly untilMs: number
  /** Of a code: SHA-256 of the state cookie of the browser it is for. */
  readonly state?: string
}

/**
 * Cookies on an application's own host. They are sealed for that origin: opaque to browser and application, worthless on
 * another host, and good only as long as the session behind them (which is asked for on every request).
 */
export class GatewayCookies {
  readonly #deps: { readonly sealer: CookieSealer; readonly clock: Clock; readonly entropy: Entropy }

  constructor(deps: { readonly sealer: CookieSealer; readonly clock: Clock; readonly entropy: Entropy }) {
    this.#deps = deps
  }

  /** Its name carries `__Host-` over https, so that no other host can plant one (RFC 6265bis §4.1.3.2). */
  static nameOf(origin: string, kind: 'gateway' | 'gateway-state'): string {
    return `${origin.startsWith('https:') ? '__Host-' : ''}gatehouse-${kind}`
  }

  /** The session id of a gateway cookie; undefined for whatever is not one of this origin. */
  async readSession(origin: string, cookie: string | undefined): Promise<string | undefined> {
    return (await this.#open(cookiePurpose, origin, cookie))?.sid
  }

  sessionCookie(origin: string, sid: string, untilMs: number): string {
    const value = this.#seal(cookiePurpose, origin, { sid, untilMs })
    return line(origin, 'gateway', value, Math.floor((untilMs - this.#deps.clock.nowMs()) / 1_000))
  }

  /** A new state and its cookie: only this browser can use the code that comes back (RFC 6749 §10.12). */
  newState(origin: string): { readonly state: string; readonly cookie: string } {
    const secret = randomToken(this.#deps.entropy)
    return { state: hash(secret), cookie: line(origin, 'gateway-state', secret, stateMs / 1_000) }
  }

  code(origin: string, sid: string, state: string): string {
    return this.#seal(codePurpose, origin, { sid, state, untilMs: this.#deps.clock.nowMs() + codeMs })
  }

  /** The session id of a code, if it is of this origin and of the browser with this state cookie. */
  async redeem(origin: string, code: string, stateCookie: string | undefined): Promise<string | undefined> {
    const opened = await this.#open(codePurpose, origin, code)
    if (opened?.state === undefined || stateCookie === undefined) return undefined
    return equal(opened.state, hash(stateCookie)) ? opened.sid : undefined
  }

  static clear(origin: string, kind: 'gateway' | 'gateway-state'): string {
    return line(origin, kind, '', 0)
  }

  #seal(purpose: string, origin: string, content: Sealed): string {
    return Buffer.from(this.#deps.sealer.seal(purpose, Buffer.from(JSON.stringify(content)), origin)).toString(
      'base64url',
    )
  }

  async #open(purpose: string, origin: string, text: string | undefined): Promise<Sealed | undefined> {
    if (text === undefined || !/^[\w-]{20,1000}$/.test(text)) return undefined
    try {
      const bytes = await this.#deps.sealer.unseal(purpose, Buffer.from(text, 'base64url'), origin)
      const content = JSON.parse(Buffer.from(bytes).toString('utf8')) as Sealed
      return this.#deps.clock.nowMs() < content.untilMs ? content : undefined
    } catch {
      return undefined // not sealed by us, or for elsewhere
    }
  }
}

function line(origin: string, kind: 'gateway' | 'gateway-state', value: string, maxAgeSeconds: number): string {
  const secure = origin.startsWith('https:') ? '; Secure' : ''
  const name = GatewayCookies.nameOf(origin, kind)
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`
}

const hash = (text: string) => createHash('sha256').update(text).digest('base64url')

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
