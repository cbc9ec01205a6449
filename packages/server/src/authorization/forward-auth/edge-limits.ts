import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock, Meter } from '#kernel'
import { addressKey, RateLimit } from '#web'

export const edgeKinds = ['principal', 'client', 'address'] as const
export type EdgeKind = (typeof edgeKinds)[number]

/** Questions that one of each may cause for long, a second; three seconds' worth at once. Unlimited where there is none. */
export type EdgeRates = { readonly [kind in EdgeKind]?: number }

type Refused = ReturnType<typeof Meter.prototype.counter<'by'>>

const windowSeconds = 3
const knownMost = 50_000

/** Whose buckets a credential is charged to. */
interface Holder {
  readonly principal: string
  readonly client: string
}

/**
 * Rate limits of gateways' questions by principal, client (the OAuth client of a token, the application of a sign-in) and address. A
 * credential that was met before is held to its principal's limit before anything of it is checked; an address is the client's own as
 * a trusted proxy or Envoy tells it, never the gateway's. INVARIANT: nobody can use up another's bucket: it is named by what was
 * verified, never by what a credential says of itself.
 */
export class EdgeLimits {
  readonly #limits: { readonly kind: EdgeKind; readonly rate: number; readonly limit: RateLimit }[]
  readonly #known = new Map<string, Holder>()
  readonly #policies: string
  readonly #refused: Refused

  /** Undefined when no rate is set: then no question costs anything. */
  static of(
    rates: EdgeRates,
    { clock, meter }: { readonly clock: Clock; readonly meter: Meter },
  ): EdgeLimits | undefined {
    const refused = meter.counter(
      'authorization_edge_limited_total',
      'Questions of gateways refused because their principal, client or address asks too often',
      ['by'],
    )
    return edgeKinds.some((kind) => rates[kind] !== undefined) ? new EdgeLimits(rates, clock, refused) : undefined
  }

  private constructor(rates: EdgeRates, clock: Clock, refused: Refused) {
    this.#refused = refused
    this.#limits = edgeKinds.flatMap((kind) => {
      const rate = rates[kind]
      if (rate === undefined) return []
      return [{ kind, rate, limit: new RateLimit({ clock, perSecond: rate, capacity: rate * windowSeconds }) }]
    })
    this.#policies = this.#limits
      .map(({ kind, rate }) => `"${kind}";q=${rate * windowSeconds};w=${windowSeconds}`)
      .join(', ')
  }

  /**
   * Charges what can be told of a question before anything is verified. False when it is beyond a limit: the reply's headers say so
   * (`Retry-After`, `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers).
   */
  admit(request: FastifyRequest, reply: FastifyReply, credential: string | undefined): boolean {
    const address = request.ip === request.raw.socket?.remoteAddress ? undefined : addressKey(request.ip)
    const holder = credential === undefined ? undefined : this.#known.get(credential)
    return this.#charge(reply, { address, ...holder })
  }

  /** Charges whom a question turned out to come from, unless `admit` has; and knows the credential from then on. */
  identified(reply: FastifyReply, credential: string | undefined, holder: Holder): boolean {
    if (credential === undefined) return this.#charge(reply, holder)
    if (this.#known.has(credential)) return true
    if (this.#known.size >= knownMost) this.#known.delete(this.#known.keys().next().value as string)
    this.#known.set(credential, holder)
    return this.#charge(reply, holder)
  }

  #charge(reply: FastifyReply, keys: { readonly [kind in EdgeKind]?: string | undefined }): boolean {
    let least: { kind: EdgeKind; remaining: number; seconds: number } | undefined
    for (const { kind, rate, limit } of this.#limits) {
      const key = keys[kind]
      if (key === undefined) continue
      const { remaining, waitSeconds } = limit.charge(key)
      if (waitSeconds > 0) {
        this.#refused.inc({ by: kind })
        this.#say(reply, kind, 0, waitSeconds)
        reply.header('retry-after', String(waitSeconds))
        return false
      }
      const seconds = Math.ceil((rate * windowSeconds - remaining) / rate)
      if (least === undefined || remaining < least.remaining) least = { kind, remaining, seconds }
    }
    if (least !== undefined) this.#say(reply, least.kind, least.remaining, least.seconds)
    return true
  }

  #say(reply: FastifyReply, kind: EdgeKind, remaining: number, seconds: number): void {
    reply.header('ratelimit-policy', this.#policies)
    reply.header('ratelimit', `"${kind}";r=${remaining};t=${seconds}`)
  }
}
