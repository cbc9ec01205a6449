import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import { type Clock, Fault, type Meter } from '#kernel'
import './faults.ts'
import type { Outgoing } from './outgoing.ts'

export interface IssuerKeysDeps {
  readonly outgoing: Pick<Outgoing, 'send'>
  readonly clock: Clock
  readonly meter: Meter
  readonly onError: (where: string, error: unknown) => void
}

/** Where an issuer's keys come from: named, or found by OpenID Connect Discovery. */
export interface KeySource {
  readonly issuer: string
  readonly jwksUri?: string
}

const minute = 60_000
/** How long keys count as fresh when their server says nothing, and the bounds of what it may say. */
const freshMs = { usual: 60 * minute, least: 5 * minute, most: 24 * 60 * minute }
/** How long keys are still taken when their server cannot be reached. */
const keptMs = 24 * 60 * minute
/** Least time between two asks for a key that is not there. */
const askAgainMs = 30_000
const keysMost = 100
const bytesMost = 256 * 1024
const issuersMost = 1_000

export interface IssuerState {
  /** Usable ones it published. */
  readonly keys?: number
  readonly fetchedAtMs?: number
  readonly usableUntilMs?: number
  readonly failedAtMs?: number
  readonly failure?: string
}

/** INVARIANT: where somebody says that keys stand is no issuer, also where an issuer has that address: each is held by itself. */
const keyOf = ({ issuer, jwksUri }: KeySource): string => (jwksUri === undefined ? `of ${issuer}` : `at ${jwksUri}`)

interface Held {
  readonly source: KeySource
  readonly find: JWTVerifyGetKey
  /** What the issuer says of itself, where it was asked (OpenID Connect Discovery §4). */
  readonly document: Readonly<Record<string, unknown>> | undefined
  readonly kids: ReadonlySet<string>
  readonly keyCount: number
  readonly fetchedAtMs: number
  readonly freshUntilMs: number
  askedAtMs: number
  usedAtMs: number
}

/**
 * The public keys of outside issuers: fetched when first needed, kept, refreshed before they are stale, asked for once more when an
 * assertion names a key that is not among them, and still taken for a day while their server is away.
 */
export class IssuerKeys {
  readonly #deps: IssuerKeysDeps
  readonly #held = new Map<string, Held>()
  readonly #running = new Map<string, Promise<Held>>()
  /** The latest fetch of each, where it failed. */
  readonly #failures = new Map<string, { readonly failedAtMs: number; readonly failure: string }>()
  readonly #fetches
  readonly #timer: NodeJS.Timeout

  constructor(deps: IssuerKeysDeps) {
    this.#deps = deps
    this.#fetches = deps.meter.counter('issuer_key_fetches_total', "Fetches of outside issuers' keys", ['outcome'])
    this.#timer = setInterval(() => void this.refreshDue(), minute)
    this.#timer.unref()
  }

  /**
   * The keys of an issuer, for `jwtVerify`.
   * @param kid that the assertion names
   * @throws {Fault} `web.issuer_unreachable` when there are none and none can be had
   */
  async keysOf(source: KeySource, kid: string | undefined): Promise<JWTVerifyGetKey> {
    return (await this.#hold(source, kid)).find
  }

  /**
   * What an issuer says of itself: kept, refreshed and outlasting its server as its keys do. `issuer` in it has been checked.
   * @throws {Fault} `web.issuer_unreachable`
   */
  async documentOf(issuer: string): Promise<Readonly<Record<string, unknown>>> {
    return (await this.#hold({ issuer }, undefined)).document ?? {}
  }

  async #hold(source: KeySource, kid: string | undefined): Promise<Held> {
    const nowMs = this.#deps.clock.nowMs()
    const key = keyOf(source)
    let held = this.#held.get(key)
    if (held !== undefined && nowMs - held.fetchedAtMs > keptMs) held = undefined
    if (held === undefined) return this.#fetch(source)
    held.usedAtMs = nowMs
    if (kid !== undefined && !held.kids.has(kid) && nowMs - held.askedAtMs >= askAgainMs) {
      held.askedAtMs = nowMs
      const fetched = await this.#fetch(source).catch(() => undefined)
      return fetched ?? held
    }
    if (this.#isDue(held, nowMs)) void this.#refresh(held)
    return held
  }

  /** Fetches anew what was used within a day and has less than a quarter of its time left. */
  async refreshDue(): Promise<void> {
    const nowMs = this.#deps.clock.nowMs()
    for (const held of this.#held.values())
      if (this.#isDue(held, nowMs) && nowMs - held.usedAtMs < keptMs) await this.#refresh(held)
  }

  /** What is known of an issuer's keys; undefined when nobody has asked for them yet. */
  stateOf(source: KeySource): IssuerState | undefined {
    const key = keyOf(source)
    const held = this.#held.get(key)
    const failed = this.#failures.get(key)
    if (held === undefined) return failed
    const { fetchedAtMs, keyCount } = held
    return { keys: keyCount, fetchedAtMs, usableUntilMs: fetchedAtMs + keptMs, ...failed }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #isDue(held: Held, nowMs: number): boolean {
    const life = held.freshUntilMs - held.fetchedAtMs
    return nowMs >= held.freshUntilMs - life / 4 && nowMs - held.askedAtMs >= askAgainMs
  }

  async #refresh(held: Held): Promise<void> {
    held.askedAtMs = this.#deps.clock.nowMs()
    await this.#fetch(held.source).catch((error) => this.#deps.onError("an outside issuer's keys", error))
  }

  /** One fetch at a time for each issuer, however many assertions wait for it. */
  #fetch(source: KeySource): Promise<Held> {
    const key = keyOf(source)
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const started = this.#read(source)
      .then((held) => {
        this.#fetches.inc({ outcome: 'ok' })
        this.#failures.delete(key)
        this.#held.delete(key)
        if (this.#held.size >= issuersMost) this.#held.delete(this.#held.keys().next().value as string)
        this.#held.set(key, held)
        return held
      })
      .catch((cause) => {
        this.#fetches.inc({ outcome: 'failed' })
        if (this.#failures.size >= issuersMost) this.#failures.delete(this.#failures.keys().next().value as string)
        const failure = cause instanceof Error ? cause.message.slice(0, 300) : 'it could not be asked'
        this.#failures.set(key, { failedAtMs: this.#deps.clock.nowMs(), failure })
        throw new Fault('web.issuer_unreachable', { cause })
      })
      .finally(() => this.#running.delete(key))
    this.#running.set(key, started)
    return started
  }

  async #read(source: KeySource): Promise<Held> {
    const document = source.jwksUri === undefined ? await this.#discover(source.issuer) : undefined
    const address = source.jwksUri ?? (document?.jwks_uri as string)
    const { json, cacheControl } = await this.#get(address)
    const { keys } = json as Partial<JSONWebKeySet>
    if (!Array.isArray(keys) || keys.length > keysMost) throw new TypeError(`${address} gave no set of keys`)
    // A symmetric key of a set would make whoever can read the set an issuer.
    const usable = keys.filter(
      (key) => ['EC', 'OKP', 'RSA'].includes(String(key?.kty)) && key.d === undefined && key.use !== 'enc',
    )
    const nowMs = this.#deps.clock.nowMs()
    const told = /(?:^|[\s,])max-age=(\d{1,9})/.exec(cacheControl)?.[1]
    const life = told === undefined ? freshMs.usual : Number(told) * 1_000
    const { createLocalJWKSet } = await import('jose')
    return {
      source,
      document,
      // RFC 7517 §4.2: some issuers say another `use` than `sig` (SPIFFE's is `jwt-svid`), which jose would pass over.
      find: createLocalJWKSet({ keys: usable.map(({ use: _, ...key }) => key) as JSONWebKeySet['keys'] }),
      keyCount: usable.length,
      kids: new Set(usable.map((key) => String(key.kid))),
      fetchedAtMs: nowMs,
      freshUntilMs: nowMs + Math.min(Math.max(life, freshMs.least), freshMs.most),
      askedAtMs: nowMs,
      usedAtMs: nowMs,
    }
  }

  async #discover(issuer: string): Promise<Readonly<Record<string, unknown>>> {
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const document = (await this.#get(address)).json as Record<string, unknown>
    const { issuer: said, jwks_uri } = document
    // OpenID Connect Discovery §4.3: else one issuer could speak for another.
    if (said !== issuer) throw new TypeError(`${address} is of another issuer`)
    if (typeof jwks_uri !== 'string') throw new TypeError(`${address} names no keys`)
    return document
  }

  async #get(address: string): Promise<{ json: object; cacheControl: string }> {
    const { status, body, headers } = await this.#deps.outgoing.send(address, {
      headers: { accept: 'application/json' },
      timeoutMs: 5_000,
      mostBytes: bytesMost,
    })
    if (status !== 200) throw new TypeError(`${address} answered ${status}`)
    const json: unknown = JSON.parse(body.toString('utf8'))
    if (typeof json !== 'object' || json === null) throw new TypeError(`${address} gave no object`)
    return { json, cacheControl: String(headers['cache-control'] ?? '') }
  }
}
