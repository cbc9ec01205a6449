import type { Surroundings } from '../clock.ts'
import { GatehouseError } from '../errors.ts'
import { type PublicKey, publicKeyOf } from './algorithms.ts'
import { isObject } from './jws.ts'
import { readAtMost } from './read-answer.ts'

export interface KeySetOptions {
  /** Address of the JSON Web Key Set (RFC 7517 §5). */
  readonly url: string
  /** Asked again this long after the last answer, while the old keys go on counting. Default 5 minutes. */
  readonly refreshMs?: number
  /** How long keys count while the server cannot be reached. Default 24 hours. */
  readonly outageMs?: number
  /** Least time between two requests that unknown key ids cause, and between two after a failure. Default 30 s. */
  readonly coolDownMs?: number
  /** Default 5 s. */
  readonly timeoutMs?: number
  readonly fetch?: typeof fetch
}

const bytesMost = 256 * 1024
const keysMost = 100

/**
 * The issuer's public keys, held in memory. Renewed ahead of need without anybody waiting; an outage of the issuer is lived
 * through with the keys there are; a storm of tokens with invented key ids causes one request in `coolDownMs`.
 */
export class KeySet {
  readonly #options: Required<KeySetOptions>
  readonly #surroundings: Surroundings
  #keys: ReadonlyMap<string, PublicKey> = new Map()
  #fetchedAtMs = Number.NEGATIVE_INFINITY
  #triedAtMs = Number.NEGATIVE_INFINITY
  /** When an unknown key id was last asked for. */
  #missedAtMs = Number.NEGATIVE_INFINITY
  #running: Promise<void> | undefined
  #failure: unknown
  /** Counts key sets taken over: what an older one verified is looked at again. */
  generation = 0

  constructor(options: KeySetOptions, surroundings: Surroundings) {
    this.#options = {
      refreshMs: 300_000,
      outageMs: 86_400_000,
      coolDownMs: 30_000,
      timeoutMs: 5_000,
      fetch: globalThis.fetch,
      ...options,
    }
    this.#surroundings = surroundings
  }

  /** The key as it is known now, without waiting; starts a renewal when it is time. */
  peek(kid: string): PublicKey | undefined {
    const nowMs = this.#surroundings.monotonicMs()
    if (nowMs - this.#fetchedAtMs > this.#options.outageMs) return undefined
    if (nowMs - this.#fetchedAtMs > this.#options.refreshMs && this.#mayTry(nowMs)) void this.#renew()
    return this.#keys.get(kid)
  }

  /**
   * The key of this id, asked for when it is not known; undefined when the issuer does not have it.
   * @throws {GatehouseError} `keys.unavailable` when no key set could be had at all
   */
  async find(kid: string): Promise<PublicKey | undefined> {
    const held = this.peek(kid)
    if (held !== undefined) return held
    const nowMs = this.#surroundings.monotonicMs()
    // Keys that came a moment ago do not keep the first token of a new one waiting: a server may begin to sign with another at once.
    const isFirstMiss = this.#failure === undefined && nowMs - this.#missedAtMs >= this.#options.coolDownMs
    if (this.#running !== undefined || isFirstMiss || this.#mayTry(nowMs)) {
      if (this.#fetchedAtMs !== Number.NEGATIVE_INFINITY) this.#missedAtMs = nowMs
      await this.#renew()
    }
    const found = this.peek(kid)
    if (found === undefined && this.#surroundings.monotonicMs() - this.#fetchedAtMs > this.#options.outageMs)
      throw new GatehouseError('keys.unavailable', 'The issuer’s keys cannot be had', {
        cause: this.#failure,
        retryAfterSeconds: Math.ceil(this.#options.coolDownMs / 1_000),
      })
    return found
  }

  /** The keys are known to have changed: the next token of an unknown one asks for them, however lately they were asked for. */
  hurry(): void {
    this.#triedAtMs = Number.NEGATIVE_INFINITY
    this.#missedAtMs = Number.NEGATIVE_INFINITY
  }

  #mayTry(nowMs: number): boolean {
    return this.#running === undefined && nowMs - this.#triedAtMs >= this.#options.coolDownMs
  }

  #renew(): Promise<void> {
    if (this.#running === undefined) {
      this.#triedAtMs = this.#surroundings.monotonicMs()
      this.#running = this.#load().then(
        (keys) => {
          this.#keys = keys
          this.#fetchedAtMs = this.#surroundings.monotonicMs()
          this.#failure = undefined
          this.generation++
          this.#running = undefined
        },
        (error) => {
          this.#failure = error
          this.#running = undefined
        },
      )
    }
    return this.#running
  }

  async #load(): Promise<ReadonlyMap<string, PublicKey>> {
    const { url, timeoutMs, fetch } = this.#options
    const response = await fetch(url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      // A redirect would let whoever can cause one choose the keys.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Error(`${url} answered ${response.status}`)
    }
    return readKeySet(await readAtMost(response, bytesMost))
  }
}

/** Keys by id. What is no usable public key for signatures is left out; of two by one id, both are. */
export function readKeySet(text: string): ReadonlyMap<string, PublicKey> {
  const set: unknown = JSON.parse(text)
  if (!isObject(set) || !Array.isArray(set.keys)) throw new Error('a key set is { keys: [] }')
  if (set.keys.length > keysMost) throw new Error(`a key set of more than ${keysMost} keys`)
  const keys = new Map<string, PublicKey>()
  const twice = new Set<string>()
  for (const jwk of set.keys) {
    if (!isObject(jwk) || typeof jwk.kid !== 'string' || (jwk.use !== undefined && jwk.use !== 'sig')) continue
    const key = publicKeyOf(jwk)
    if (key === undefined) continue
    if (keys.has(jwk.kid)) twice.add(jwk.kid)
    keys.set(jwk.kid, key)
  }
  for (const kid of twice) keys.delete(kid)
  if (keys.size === 0) throw new Error('a key set without a usable key')
  return keys
}
