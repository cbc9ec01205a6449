import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Surroundings } from '../clock.ts'
import { GatehouseError } from '../errors.ts'
import type { Caller } from '../remote/caller.ts'
import { authenticateClient, type ClientAuthentication, readJson } from '../remote/client-credentials.ts'
import { type AccessTokenClaims, readClaims } from './claims.ts'
import type { RevocationSet } from './revocation-set.ts'

export interface ApiKeysOptions {
  readonly issuer: string
  /** The application that keys must be for. */
  readonly audience: string
  /** Who asks: the application itself, for to others introspection tells nothing. */
  readonly client: ClientAuthentication
  /** How long an answer is used: a minute where revocations are followed, which end it at once; else ten seconds. */
  readonly usedMs: number
  /** How old an answer may be while no other can be had. */
  readonly mostStaleMs: number
}

interface Known {
  /** Undefined for a key that does not count. */
  readonly claims: AccessTokenClaims | undefined
  readonly askedAtMs: number
}

const prefix = 'ghkey_'
const shape = /^ghkey_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const knownMost = 10_000
/** Keys asked about at once: who sends made-up ones keeps the others waiting no longer than that. */
const askedMost = 64
const refusedMs = 5_000

/**
 * API keys, checked by introspection (RFC 7662) and remembered: a key seen a moment ago costs a hash and a look-up. It speaks as an access
 * token does, with its owner as subject and its scopes. INVARIANT: what was not answered does not count.
 */
export class ApiKeys {
  readonly #options: ApiKeysOptions
  readonly #caller: Caller
  readonly #revocations: RevocationSet
  readonly #surroundings: Surroundings
  readonly #known = new Map<string, Known>()
  readonly #running = new Map<string, Promise<Known>>()

  constructor(options: ApiKeysOptions, caller: Caller, revocations: RevocationSet, surroundings: Surroundings) {
    this.#options = options
    this.#caller = caller
    this.#revocations = revocations
    this.#surroundings = surroundings
  }

  /** By its beginning: whether the text is an API key's, good or bad. */
  static claims(text: string): boolean {
    return text.startsWith(prefix)
  }

  /** @throws {GatehouseError} `token.invalid`, `remote.unavailable`, `credentials.refused` */
  async verify(text: string): Promise<AccessTokenClaims> {
    if (!isShaped(text)) throw invalid()
    const name = hash('sha256', text, 'base64')
    const { claims } = await this.#find(text, name)
    if (claims === undefined || this.#revocations.coversKey(claims)) throw invalid()
    if (this.#surroundings.nowMs() >= claims.exp * 1_000) throw invalid()
    return claims
  }

  async #find(text: string, name: string): Promise<Known> {
    const known = this.#known.get(name)
    const ageMs = known === undefined ? Number.POSITIVE_INFINITY : this.#surroundings.monotonicMs() - known.askedAtMs
    if (known !== undefined && ageMs < (known.claims === undefined ? refusedMs : this.#options.usedMs)) return known
    try {
      return await this.#askOnce(text, name)
    } catch (error) {
      const serves = known?.claims !== undefined && ageMs < this.#options.mostStaleMs
      if (serves && error instanceof GatehouseError && error.code === 'remote.unavailable') return known
      throw error
    }
  }

  #askOnce(text: string, name: string): Promise<Known> {
    const running = this.#running.get(name)
    if (running !== undefined) return running
    if (this.#running.size >= askedMost)
      throw new GatehouseError('remote.unavailable', 'Too many API keys are being checked', { retryAfterSeconds: 1 })
    const asking = this.#ask(text)
      .then((known) => {
        this.#known.delete(name)
        if (this.#known.size >= knownMost) this.#known.delete(this.#known.keys().next().value as string)
        this.#known.set(name, known)
        return known
      })
      .finally(() => this.#running.delete(name))
    this.#running.set(name, asking)
    return asking
  }

  async #ask(text: string): Promise<Known> {
    const { issuer, audience, client } = this.#options
    const askedAtMs = this.#surroundings.monotonicMs()
    const form = new URLSearchParams({ token: text })
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
    await authenticateClient(client, issuer, form, headers, this.#surroundings.nowMs())
    const url = `${issuer}/oauth/introspect`
    const answer = await this.#caller.call({ url, method: 'POST', headers, body: form.toString() })
    const body = readJson(answer.body)
    if (answer.status !== 200)
      throw new GatehouseError('credentials.refused', 'Gatehouse does not tell this service of API keys', {
        cause: new Error(`${answer.status} ${String(body?.error ?? '')}`),
      })
    if (body?.active !== true) return { claims: undefined, askedAtMs }
    const { actions: _, ...told } = body
    const claims = readClaims(told, issuer)
    if (claims?.aud !== audience) return { claims: undefined, askedAtMs }
    const actions = claims.scope === undefined ? undefined : claims.scope.split(' ')
    return { claims: Object.freeze({ ...claims, ...(actions !== undefined && { actions }) }), askedAtMs }
  }
}

/** Form and checksum: what cannot be a key causes no request. */
function isShaped(text: string): boolean {
  const [, body = '', check] = shape.exec(text) ?? []
  let left = crc32(body)
  let digits = ''
  for (; digits.length < 6; left = Math.floor(left / 62)) digits = alphabet[left % 62] + digits
  return check === digits
}

const invalid = () =>
  new GatehouseError('token.invalid', 'The API key does not count', { challenge: 'Bearer error="invalid_token"' })
