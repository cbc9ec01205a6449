import { realSurroundings, type Surroundings } from './clock.ts'
import { GatehouseError } from './errors.ts'
import type { AskOptions, Decider, Evaluation, EvaluationResult } from './evaluation.ts'
import { Caller, type CallerOptions } from './remote/caller.ts'
import { Centre } from './remote/centre.ts'
import { type ClientAuthentication, ClientCredentials } from './remote/client-credentials.ts'
import type { Algorithm } from './tokens/algorithms.ts'
import { ApiKeys } from './tokens/api-keys.ts'
import type { AccessTokenClaims } from './tokens/claims.ts'
import { DpopProofs } from './tokens/dpop.ts'
import { RevocationFollower } from './tokens/follow-revocations.ts'
import { KeySet } from './tokens/key-set.ts'
import { type PresentedRequest, verifyPresented } from './tokens/presented.ts'
import { RevocationSet } from './tokens/revocation-set.ts'
import { StatusLists } from './tokens/status-lists.ts'
import { TokenVerifier } from './tokens/token-verifier.ts'

export interface GatehouseOptions {
  /** `GATEHOUSE_URL` of the server, without a slash at the end; also the issuer. */
  readonly url: string
  /** The application's id, for which tokens must be and whose policies are asked. */
  readonly application: string
  /** How this service shows who it is. The application itself, or a machine with the role `decider` on it. */
  readonly client: ClientAuthentication
  /** Public base address of this service, which proofs of possession name; default: the request's own `Host`. */
  readonly publicUrl?: string
  /** Default `['ES256', 'RS256']`, what Gatehouse signs access tokens with. */
  readonly algorithms?: readonly Algorithm[]
  /** `false` follows no revocations: a revoked token then counts until it ends. */
  readonly revocations?: { readonly mostStaleMs?: number } | false
  /** Whether tokens that name a status list are checked there: for services that follow no revocations. Default `false`. */
  readonly statusLists?: boolean
  /** Whether API keys count as tokens do. Default: where `client` is the application itself, to which alone the server tells of them. */
  readonly apiKeys?: boolean
  readonly calls?: CallerOptions
  /** Decides instead of the server: `LocalDecisions`. */
  readonly decider?: Decider
  /** Told of what goes wrong and why; answers to clients say less. Default: standard error. */
  readonly onError?: (error: unknown) => void
  readonly surroundings?: Surroundings
}

/** How long the first request waits for the first revocations. */
const firstMs = 3_000

/** One Gatehouse, as a service uses it: checks tokens and asks for decisions. Make one, share it, close it at the end. */
export class Gatehouse {
  readonly url: string
  readonly application: string
  readonly publicUrl: string | undefined
  /** Tokens of this service itself, for requests to Gatehouse or others. */
  readonly credentials: ClientCredentials
  readonly centre: Centre
  readonly onError: (error: unknown) => void
  readonly #surroundings: Surroundings
  readonly #verifier: TokenVerifier
  readonly #proofs: DpopProofs
  readonly #revocations: RevocationFollower | undefined
  readonly #statusLists: StatusLists | undefined
  readonly #apiKeys: ApiKeys | undefined
  readonly #fetch: typeof fetch
  #decider: Decider

  constructor(options: GatehouseOptions) {
    const { url, application, client, surroundings = realSurroundings } = options
    this.url = requireAddress(url)
    this.application = application
    this.publicUrl = options.publicUrl
    this.onError = options.onError ?? ((error) => console.error('gatehouse:', error))
    this.#surroundings = surroundings
    this.#fetch = options.calls?.fetch ?? globalThis.fetch
    const caller = new Caller(options.calls ?? {}, surroundings)
    // An application's own token is for itself; a machine's must be for the server.
    const own = client.clientId === application
    this.credentials = new ClientCredentials(
      { issuer: this.url, client, ...(!own && { resource: this.url }) },
      caller,
      surroundings,
    )
    this.centre = new Centre({ url: this.url, application: own ? undefined : application }, caller, this.credentials)
    this.#decider = options.decider ?? this.centre
    const keys = new KeySet({ url: `${this.url}/oauth/jwks`, fetch: this.#fetch }, surroundings)
    const revoked = new RevocationSet()
    const { algorithms } = options
    this.#verifier = new TokenVerifier(
      { issuer: this.url, audience: application, ...(algorithms !== undefined && { algorithms }) },
      keys,
      revoked,
      surroundings,
    )
    if (options.statusLists === true) {
      const base = `${this.url}/status-lists/`
      this.#statusLists = new StatusLists({ base, fetch: this.#fetch }, keys, surroundings)
    }
    this.#proofs = new DpopProofs({}, surroundings)
    const { mostStaleMs = 300_000 } = options.revocations || {}
    if (options.apiKeys ?? own) {
      const follows = options.revocations !== false
      const kept = { usedMs: follows ? 60_000 : 10_000, mostStaleMs: follows ? mostStaleMs : 0 }
      this.#apiKeys = new ApiKeys(
        { issuer: this.url, audience: application, client, ...kept },
        caller,
        revoked,
        surroundings,
      )
    }
    if (options.revocations !== false) {
      const open = (signal: AbortSignal) => this.openStream('/access/v1/revocations', signal)
      const onKeyEnded = () => keys.hurry()
      const follow = { open, mostStaleMs, onError: this.onError, onKeyEnded }
      this.#revocations = new RevocationFollower(revoked, follow, surroundings)
      this.#revocations.start()
    }
  }

  nowMs(): number {
    return this.#surroundings.nowMs()
  }

  /** Resolves once revocations are known; not needed, the first request waits for it. */
  async ready(): Promise<void> {
    await this.#revocations?.ready()
  }

  /** How old the revocation set may be at most; 0 where none is followed. */
  get revocationsStalenessMs(): number {
    return this.#revocations?.stalenessMs ?? 0
  }

  /** Decisions come from here from now on. */
  decideBy(decider: Decider): void {
    this.#decider = decider
  }

  /**
   * The claims of an access token (or API key) for this application that counts now, as a bearer token.
   * @throws {GatehouseError} `token.invalid`, `keys.unavailable`, `revocations.stale`, `status.unavailable`
   */
  verifyToken(token: string): Promise<AccessTokenClaims> {
    return this.verifyRequest({ authorization: `Bearer ${token}`, method: 'GET', url: this.url })
  }

  /** Token and, where it is bound, proof of a request. @throws {GatehouseError} as `verifyToken`, and `token.missing`, `token.proof_invalid` */
  async verifyRequest(presented: PresentedRequest): Promise<AccessTokenClaims> {
    if (this.#revocations !== undefined) {
      if (this.#revocations.stalenessMs === Number.POSITIVE_INFINITY) await within(this.#revocations.ready(), firstMs)
      this.#revocations.requireFresh()
    }
    const key = /^Bearer +(\S+)$/i.exec(presented.authorization ?? '')?.[1]
    if (this.#apiKeys !== undefined && key !== undefined && ApiKeys.claims(key)) return this.#apiKeys.verify(key)
    const claims = await verifyPresented({ verifier: this.#verifier, proofs: this.#proofs }, presented)
    await this.#statusLists?.check(claims)
    return claims
  }

  /** Asks for a decision. @throws {GatehouseError} when there is none: treat that as a deny */
  evaluate(evaluation: Evaluation, options?: AskOptions): Promise<EvaluationResult> {
    return this.#decider.evaluate(evaluation, options)
  }

  /** A stream of lines of the server, with this service's own token. */
  async openStream(path: string, signal: AbortSignal): Promise<Response> {
    const token = await this.credentials.token()
    const response = await this.#fetch(`${this.url}${path}`, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/x-ndjson',
        'gatehouse-application': this.application,
      },
      redirect: 'error',
      signal,
    })
    if (response.status === 401) this.credentials.discard(token)
    return response
  }

  async close(): Promise<void> {
    await this.#revocations?.close()
  }
}

function requireAddress(text: string): string {
  const url = URL.parse(text)
  const isLocal = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)))
    throw new TypeError(`url must be https, or http on loopback: ${text}`)
  return text.replace(/\/$/, '')
}

function within(promise: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new GatehouseError('revocations.stale', 'What has been revoked is not known yet', { retryAfterSeconds: 1 }),
        ),
      ms,
    )
    promise.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
