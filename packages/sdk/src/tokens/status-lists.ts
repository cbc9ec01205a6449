import { inflateSync } from 'node:zlib'
import type { Surroundings } from '../clock.ts'
import { GatehouseError } from '../errors.ts'
import { type Algorithm, checkSignature, isAlgorithm } from './algorithms.ts'
import type { AccessTokenClaims } from './claims.ts'
import { isObject, readJws } from './jws.ts'
import type { KeySet } from './key-set.ts'
import { readAtMost } from './read-answer.ts'

export interface StatusListsOptions {
  /** Lists below this address are taken, and no other is ever asked for: `<issuer>/status-lists/`. */
  readonly base: string
  /** What lists may be signed with. Default `['ES256']`. */
  readonly algorithms?: readonly Algorithm[]
  /** Longest time that a copy is used, whatever it says of itself. Default 60 s. */
  readonly ttlMostMs?: number
  /** Default 5 s. */
  readonly timeoutMs?: number
  readonly fetch?: typeof fetch
}

interface Held {
  readonly bytes: Uint8Array
  readonly bits: number
  /** By the clock of the wall: what the list itself says of its end. */
  readonly endsAtMs: number
  readonly freshUntilMs: number
}

const listsMost = 200
const textMost = 4 * 2 ** 20
const bytesMost = 16 * 2 ** 20
/** Least time between two requests for a list that cannot be had. */
const coolDownMs = 1_000

/**
 * Checks tokens against the Token Status List that they name (draft-ietf-oauth-status-list §8.3). A copy is used while it is fresh, and
 * until its own end while no fresh one can be had; after that, and where a list was never had, no token that names it counts.
 */
export class StatusLists {
  readonly #options: Required<StatusListsOptions>
  readonly #keys: KeySet
  readonly #surroundings: Surroundings
  readonly #held = new Map<string, Held>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #failed = new Map<string, { readonly atMs: number; readonly cause: unknown }>()

  constructor(options: StatusListsOptions, keys: KeySet, surroundings: Surroundings) {
    const defaults = { algorithms: ['ES256'] as const, ttlMostMs: 60_000, timeoutMs: 5_000, fetch: globalThis.fetch }
    this.#options = { ...defaults, ...options }
    this.#keys = keys
    this.#surroundings = surroundings
  }

  /**
   * Resolves when the token's place says that it is valid, or it names none.
   * @throws {GatehouseError} `token.invalid`, `status.unavailable`
   */
  async check(claims: AccessTokenClaims): Promise<void> {
    const { status } = claims
    if (status === undefined) return
    const { idx, uri } = status.status_list ?? {}
    if (typeof uri !== 'string' || !Number.isSafeInteger(idx) || (idx as number) < 0 || !this.#isOurs(uri))
      throw invalid('it names no status list of its issuer')
    const list = await this.#find(uri)
    const value = statusAt(list, idx as number)
    if (value === undefined) throw invalid('its status list has no such place')
    if (value !== 0) throw invalid('it has been revoked')
  }

  #isOurs(uri: string): boolean {
    const { base } = this.#options
    return uri.startsWith(base) && /^[\w-]{1,128}$/.test(uri.slice(base.length))
  }

  async #find(uri: string): Promise<Held> {
    const held = this.#held.get(uri)
    if (held !== undefined && this.#surroundings.monotonicMs() < held.freshUntilMs) return held
    const failure = this.#failed.get(uri)
    if (failure === undefined || this.#surroundings.monotonicMs() - failure.atMs >= coolDownMs) await this.#renew(uri)
    const now = this.#held.get(uri)
    if (now !== undefined && this.#surroundings.nowMs() < now.endsAtMs) return now
    throw new GatehouseError('status.unavailable', 'The status list of the token cannot be had', {
      cause: this.#failed.get(uri)?.cause,
      retryAfterSeconds: 1,
    })
  }

  #renew(uri: string): Promise<void> {
    let running = this.#running.get(uri)
    if (running === undefined) {
      running = this.#load(uri)
        .then(
          (held) => {
            keep(this.#held, uri, held)
            this.#failed.delete(uri)
          },
          (cause) => keep(this.#failed, uri, { atMs: this.#surroundings.monotonicMs(), cause }),
        )
        .finally(() => this.#running.delete(uri))
      this.#running.set(uri, running)
    }
    return running
  }

  async #load(uri: string): Promise<Held> {
    const { fetch, timeoutMs, ttlMostMs, algorithms } = this.#options
    const response = await fetch(uri, {
      headers: { accept: 'application/statuslist+jwt' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Error(`${uri} answered ${response.status}`)
    }
    const jws = readJws((await readAtMost(response, textMost)).trim())
    if (jws === undefined) throw new Error('a status list is a signed JWT')
    const { typ, alg, kid, crit } = jws.header
    if (typ !== 'statuslist+jwt' || crit !== undefined || typeof kid !== 'string' || kid.length > 256)
      throw new Error('its header is not that of a status list')
    if (!isAlgorithm(alg) || !algorithms.includes(alg)) throw new Error('its algorithm is not taken')
    const key = await this.#keys.find(kid)
    if (key === undefined || !checkSignature(alg, key, jws.signed, jws.signature))
      throw new Error('no key of the issuer signed it')
    const { sub, iat, exp, ttl, status_list: list } = jws.payload
    if (sub !== uri || !Number.isSafeInteger(iat)) throw new Error('it is another list')
    const endsAtMs = Number.isSafeInteger(exp) ? (exp as number) * 1_000 : Number.POSITIVE_INFINITY
    if (exp !== undefined && endsAtMs <= this.#surroundings.nowMs()) throw new Error('it has ended')
    if (!isObject(list) || typeof list.lst !== 'string') throw new Error('it holds no list')
    const bits = list.bits
    if (typeof bits !== 'number' || ![1, 2, 4, 8].includes(bits)) throw new Error('its statuses have no known size')
    const bytes = inflateSync(Buffer.from(list.lst, 'base64url'), { maxOutputLength: bytesMost })
    const ttlMs = typeof ttl === 'number' && ttl > 0 ? Math.min(ttl * 1_000, ttlMostMs) : ttlMostMs
    return { bytes, bits, endsAtMs, freshUntilMs: this.#surroundings.monotonicMs() + ttlMs }
  }
}

/** The status at a place, from the least significant bit of each byte up (§4.1); undefined beyond the end. */
export function statusAt({ bytes, bits }: Pick<Held, 'bytes' | 'bits'>, index: number): number | undefined {
  const bit = index * bits
  const byte = bytes[Math.floor(bit / 8)]
  return byte === undefined ? undefined : (byte >> (bit % 8)) & (2 ** bits - 1)
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  if (map.size >= listsMost) map.delete(map.keys().next().value as string)
  map.set(key, value)
}

const invalid = (why: string) =>
  new GatehouseError('token.invalid', `The access token does not count: ${why}`, {
    challenge: 'Bearer error="invalid_token"',
  })
