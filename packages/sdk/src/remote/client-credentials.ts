import { randomUUID } from 'node:crypto'
import { type CryptoKey, SignJWT } from 'jose'
import type { Surroundings } from '../clock.ts'
import { GatehouseError } from '../errors.ts'
import { isObject } from '../tokens/jws.ts'
import type { Caller } from './caller.ts'

/** How the application shows who it is (RFC 6749 §2.3, RFC 7523 §2.2). */
export type ClientAuthentication =
  | { readonly clientId: string; readonly clientSecret: string }
  | {
      readonly clientId: string
      /** Private key as `jose`, Web Crypto or `node:crypto` have it. */
      readonly privateKey: CryptoKey | import('node:crypto').KeyObject
      readonly keyId?: string
      /** Default `ES256`. */
      readonly algorithm?: string
    }

export interface ClientCredentialsOptions {
  readonly issuer: string
  readonly client: ClientAuthentication
  /** Audience of the token (RFC 8707); without one, the application's own. */
  readonly resource?: string
  readonly scope?: string
}

interface Held {
  readonly token: string
  readonly renewAtMs: number
  readonly endsAtMs: number
}

const backOffMostMs = 30_000
/** A token that ends this soon is not used any more: a request that carries it may take its time. */
const leastLeftMs = 5_000

/**
 * A token by client credentials (RFC 6749 §4.4), renewed by itself: at a moment between 60 and 80 % of its life, so that a fleet that
 * started together does not renew together, and while the old one still serves. Nobody waits but for the first.
 */
export class ClientCredentials {
  readonly #options: ClientCredentialsOptions
  readonly #caller: Caller
  readonly #surroundings: Surroundings
  #held: Held | undefined
  #running: Promise<Held> | undefined
  #failures = 0
  #notBeforeMs = 0

  constructor(options: ClientCredentialsOptions, caller: Caller, surroundings: Surroundings) {
    this.#options = options
    this.#caller = caller
    this.#surroundings = surroundings
  }

  /** @throws {GatehouseError} `credentials.refused`, `remote.unavailable` */
  async token(): Promise<string> {
    const nowMs = this.#surroundings.monotonicMs()
    const held = this.#held
    if (held !== undefined && nowMs < held.endsAtMs - leastLeftMs) {
      if (nowMs >= held.renewAtMs && nowMs >= this.#notBeforeMs) this.#renew().catch(() => undefined)
      return held.token
    }
    if (this.#running === undefined && nowMs < this.#notBeforeMs)
      throw new GatehouseError('remote.unavailable', 'The last request for a token failed a moment ago', {
        retryAfterSeconds: Math.ceil((this.#notBeforeMs - nowMs) / 1_000),
      })
    return (await this.#renew()).token
  }

  /** Forgets a token that the server did not take. */
  discard(token: string): void {
    if (this.#held?.token === token) this.#held = undefined
  }

  #renew(): Promise<Held> {
    this.#running ??= this.#request().then(
      (held) => {
        this.#held = held
        this.#failures = 0
        this.#running = undefined
        return held
      },
      (error) => {
        const backOffMs = Math.min(backOffMostMs, 500 * 2 ** this.#failures++) * (0.5 + this.#surroundings.random())
        this.#notBeforeMs =
          this.#surroundings.monotonicMs() + Math.max(backOffMs, (error.retryAfterSeconds ?? 0) * 1_000)
        this.#running = undefined
        throw error
      },
    )
    return this.#running
  }

  async #request(): Promise<Held> {
    const { issuer, resource, scope } = this.#options
    const askedAtMs = this.#surroundings.monotonicMs()
    const form = new URLSearchParams({ grant_type: 'client_credentials' })
    if (resource !== undefined) form.set('resource', resource)
    if (scope !== undefined) form.set('scope', scope)
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
    await authenticateClient(this.#options.client, issuer, form, headers, this.#surroundings.nowMs())
    const url = `${issuer}/oauth/token`
    const answer = await this.#caller.call({ url, method: 'POST', headers, body: form.toString() })
    const body = readJson(answer.body)
    if (answer.status !== 200)
      throw new GatehouseError('credentials.refused', 'Gatehouse gave no token for the client credentials', {
        cause: new Error(`${answer.status} ${String(body?.error ?? '')}`),
      })
    const { access_token: token, expires_in: seconds } = body ?? {}
    if (typeof token !== 'string' || typeof seconds !== 'number' || !(seconds > 0))
      throw new GatehouseError('credentials.refused', 'The token endpoint answered without a token')
    const lifeMs = seconds * 1_000
    const share = 0.6 + 0.2 * this.#surroundings.random()
    return { token, renewAtMs: askedAtMs + lifeMs * share, endsAtMs: askedAtMs + lifeMs }
  }
}

/** Adds to a request what shows who this service is. */
export async function authenticateClient(
  client: ClientAuthentication,
  issuer: string,
  form: URLSearchParams,
  headers: Record<string, string>,
  nowMs: number,
): Promise<void> {
  if ('clientSecret' in client) {
    const pair = `${encodeURIComponent(client.clientId)}:${encodeURIComponent(client.clientSecret)}`
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`
    return
  }
  const now = Math.floor(nowMs / 1_000)
  const header = { alg: client.algorithm ?? 'ES256', ...(client.keyId !== undefined && { kid: client.keyId }) }
  const assertion = await new SignJWT({})
    .setProtectedHeader(header)
    .setIssuer(client.clientId)
    .setSubject(client.clientId)
    .setAudience(issuer)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + 60)
    .sign(client.privateKey)
  form.set('client_id', client.clientId)
  form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  form.set('client_assertion', assertion)
}

export function readJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
