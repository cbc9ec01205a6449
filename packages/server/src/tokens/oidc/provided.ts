import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { isFault } from '#kernel'
import { addressKey, RateLimit, traced } from '#web'
import { introspectKey } from '../introspection/introspect-key.ts'
import type { RegisteredClient } from '../ports.ts'
import { federate } from '../workloads/federate.ts'
import { finishSignIn } from './finish-sign-in.ts'
import { redrawFormPost } from './form-post-page.ts'
import { issuedEvent, recordIssued } from './issued-event.ts'
import type { TokenMeasures } from './measure.ts'
import { noteKeyUse } from './note-key-use.ts'
import { paths } from './paths.ts'
import { Polls } from './polls.ts'
import { presentJwt } from './present-jwt.ts'
import type { ProtocolDeps } from './protocol-deps.ts'
import { buildProvider, sendRendered } from './provider.ts'
import { Refusals } from './refusals.ts'
import { requestOf } from './request.ts'
import { revokeGrantNow } from './revoke.ts'
import { Replayed, Unit } from './unit.ts'

export interface ProvidedDeps extends ProtocolDeps {
  readonly measures: TokenMeasures
  /** By client, once it has proved itself: nobody uses up what is another's. */
  readonly limit: RateLimit
}

export type KoaHandler = ReturnType<Provider['callback']>

/** The provider of the present key set, wrapped so that each request writes once: see `Unit`. */
export class Provided {
  readonly #deps: ProvidedDeps
  readonly #polls: Polls
  readonly #refusals: Refusals
  /** By address: codes of devices are short. */
  readonly #guesses: RateLimit
  #provider!: Provider
  #handler!: KoaHandler

  constructor(deps: ProvidedDeps) {
    this.#deps = deps
    this.#polls = new Polls(deps.clock)
    this.#refusals = new Refusals(deps)
    this.#guesses = new RateLimit({ clock: deps.clock, perSecond: 0.2, capacity: 20 })
    this.build()
  }

  get provider(): Provider {
    return this.#provider
  }

  /** Answers a raw request; requests in flight keep the provider they began with. */
  readonly handle: KoaHandler = (request, response) => this.#handler(request, response)

  /** Builds the provider anew, when keys or what all of it must be ready for have changed. */
  build(): void {
    const provider = buildProvider(this.#deps)
    provider.on('server_error', (ctx, error) => this.#deps.onError(requestOf(ctx.req), error))
    this.#refusals.hear(provider)
    provider.use(async (ctx, next) => {
      const startedMs = performance.now()
      const request = requestOf(ctx.req)
      const unit = new Unit(this.#deps, {
        actor: { type: 'anonymous', name: 'anonymous' },
        requestId: request.id,
        address: request.ip,
        ...traced(request),
      })
      await unit.run(async () => {
        presentJwt(ctx.req, ctx.path, unit, this.#deps.verifier)
        if (ctx.path.startsWith(`${paths.authorization}/`) || ctx.path.startsWith(`${paths.code_verification}/`))
          await finishSignIn(ctx, provider, this.#deps.sessions)
        if (ctx.path === paths.code_verification && ctx.method === 'POST') {
          const waitSeconds = this.#tooManyGuesses(request.ip)
          if (waitSeconds !== undefined) return refuseForNow(ctx as KoaContextWithOIDC, waitSeconds)
        }
        const refusal =
          ctx.path === paths.token && ctx.method === 'POST'
            ? await federate(ctx.req, unit, this.#deps.assertions)
            : undefined
        if (refusal !== undefined) {
          ctx.set('cache-control', 'no-store')
          refuse(ctx as KoaContextWithOIDC, refusal.status, refusal.error, refusal.says)
          return unit.commit(refusal.status >= 500 ? 400 : refusal.status)
        }
        await next()
        await noteKeyUse(ctx as KoaContextWithOIDC, this.#deps.uses, (id) => this.#deps.clients.find(id))
        introspectKey(this.#deps, ctx as KoaContextWithOIDC)
        redrawFormPost(ctx as KoaContextWithOIDC)
        await this.#finish(ctx as KoaContextWithOIDC, unit)
      })
      if (!unit.recordsRefusal) await this.#refusals.record(ctx as KoaContextWithOIDC, unit.act)
      if (ctx.path === paths.userinfo && ctx.status === 401) this.#deps.refused.note(request, 'userinfo', undefined)
      if (unit.reuseDetected) this.#deps.measures.reuseDetected()
      if (ctx.path === paths.token && ctx.method === 'POST') {
        const { body, oidc } = ctx as unknown as { body?: { error?: unknown }; oidc: KoaContextWithOIDC['oidc'] }
        const seconds = (performance.now() - startedMs) / 1_000
        this.#deps.measures.observe(
          oidc?.params?.grant_type ?? oidc?.body?.grant_type,
          ctx.status,
          body?.error,
          seconds,
        )
      }
    })
    const handler = provider.callback()
    this.#provider = provider
    this.#handler = handler
  }

  /** Seconds to wait, when there were too many from this address. */
  #tooManyGuesses(address: string): number | undefined {
    try {
      this.#guesses.take(addressKey(address))
      return undefined
    } catch (error) {
      if (isFault(error, 'web.rate_limited')) return error.retryAfterSeconds ?? 1
      throw error
    }
  }

  /** Commits, and only then lets the reply go. */
  async #finish(ctx: KoaContextWithOIDC, unit: Unit): Promise<void> {
    hideProjectedSession(ctx, this.#provider)
    this.#polls.slowDown(ctx)
    const isTokenRequest = ctx.path === paths.token && ctx.status === 200
    const clientId = isTokenRequest ? ctx.oidc.client?.clientId : undefined
    const client = clientId === undefined ? undefined : await this.#deps.clients.find(clientId)
    try {
      if (isTokenRequest && client === undefined) refuse(ctx, 401, 'invalid_client')
      if (client !== undefined) this.#deps.limit.take(client.id)
      const bridge = client && this.#bridge(ctx, unit, client)
      if (bridge !== undefined && this.#deps.spool?.isAway) return await bridge()
      try {
        await unit.commit(ctx.status, client && ((tx) => recordIssued(tx, ctx, unit, client, this.#deps.clock.nowMs())))
        if (client !== undefined) this.#deps.spool?.answered()
      } catch (error) {
        if (bridge === undefined || !isFault(error, 'storage.unavailable')) throw error
        await bridge()
      }
      await finishSignOut(ctx, this.#deps)
    } catch (error) {
      if (error instanceof Replayed) await this.#refuseReplay(ctx, unit, error)
      else if (isFault(error, 'web.rate_limited')) {
        refuseForNow(ctx, error.retryAfterSeconds)
      } else if (isFault(error) && error.status >= 500) {
        this.#deps.onError(requestOf(ctx.req), error)
        refuse(ctx, 503, 'temporarily_unavailable')
        ctx.set('retry-after', String(error.retryAfterSeconds ?? 1))
      } else throw error
    }
  }

  /**
   * How a token is kept while the database is away, for what is safe then: a client that has proved itself by its secret, which is in
   * memory, asks in its own name; nothing is used up, and nobody's session or consent is asked for.
   */
  #bridge(ctx: KoaContextWithOIDC, unit: Unit, client: RegisteredClient): (() => Promise<void>) | undefined {
    const { spool, clock } = this.#deps
    const { only: artifact, issued, exchange } = unit
    const [access] = issued
    const isOwn = ctx.oidc.params?.grant_type === 'client_credentials' && exchange === undefined
    if (spool === undefined || artifact === undefined || access === undefined || !isOwn) return undefined
    return () => spool.keep({ artifact, ...issuedEvent(ctx, unit, client, access, clock.nowMs()) })
  }

  /** Two requests used the same thing at once and this one came second (RFC 6749 §4.1.2, RFC 9700 §4.14.2). */
  async #refuseReplay(ctx: KoaContextWithOIDC, unit: Unit, { artifact }: Replayed): Promise<void> {
    this.#refusals.note(ctx, 'invalid_grant', `${artifact.kind} that was used before`)
    if (artifact.kind === 'ReplayDetection') {
      const isProof = ctx.get('dpop') !== '' && ctx.oidc.params?.client_assertion === undefined
      return isProof ? refuse(ctx, 400, 'invalid_grant') : refuse(ctx, 401, 'invalid_client')
    }
    if (artifact.grantId !== undefined) {
      const cleaning = new Unit(this.#deps, unit.act)
      await cleaning.run(async () => {
        revokeGrantNow(this.#deps, cleaning, artifact, 'reuse_detected')
        await cleaning.commit(400)
      })
      unit.reuseDetected = true
    }
    refuse(ctx, 400, artifact.kind === 'PushedAuthorizationRequest' ? 'invalid_request_uri' : 'invalid_grant')
  }
}

function refuse(ctx: KoaContextWithOIDC, status: number, error: string, says?: string): void {
  ctx.status = status
  ctx.type = 'json'
  ctx.body = { error, ...(says !== undefined && { error_description: says }) }
  ctx.remove('location')
  ctx.remove('set-cookie')
}

/** Too many requests of one client, or guesses of one address (RFC 6585 §4). */
function refuseForNow(ctx: KoaContextWithOIDC, seconds = 1): void {
  refuse(ctx, 429, 'temporarily_unavailable')
  ctx.set('retry-after', String(seconds))
}

/** A projected session needs no cookie of the provider's: authentication's is the one that counts. */
function hideProjectedSession(ctx: KoaContextWithOIDC, provider: Provider): void {
  const set = ctx.response.get('set-cookie') as unknown as string[] | string | undefined
  if (set === undefined || set.length === 0 || ctx.oidc?.session?.accountId === undefined) return
  const prefix = `${provider.cookieName('session')}=`
  const kept = [set].flat().filter((cookie) => !cookie.startsWith(prefix))
  if (kept.length === 0) ctx.remove('set-cookie')
  else ctx.set('set-cookie', kept)
}

/** After the sign-out form the browser may not be redirected to another origin (`form-action 'self'`): a page takes it on. */
async function finishSignOut(ctx: KoaContextWithOIDC, deps: ProtocolDeps): Promise<void> {
  if (ctx.path !== `${paths.end_session}/confirm` || ctx.status !== 303) return
  const target = ctx.response.get('location')
  if (target.startsWith(`${deps.url}/`)) return
  ctx.remove('location')
  ctx.status = 200
  sendRendered(ctx, await deps.pages.onward(requestOf(ctx.req), target))
}
