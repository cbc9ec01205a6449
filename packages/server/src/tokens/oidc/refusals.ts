import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { record } from '#feed'
import type { Act, Clock } from '#kernel'
import type { Storage } from '#storage'
import { addressKey, RateLimit } from '#web'
import '../events.ts'
import { registeredOf } from './our-clients.ts'

interface Deps {
  readonly storage: Storage
  readonly clock: Clock
  readonly onError: (request: { readonly id: string }, error: unknown) => void
}

interface Refusal {
  readonly error: string
  readonly reason: string
}

/** What belongs to the way of things: waiting, a person's answer, the first try without a nonce. */
const usual: ReadonlySet<string> = new Set([
  'authorization_pending',
  'slow_down',
  'expired_token',
  'use_dpop_nonce',
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
  'access_denied',
  'unmet_authentication_requirements',
  'server_error',
  'temporarily_unavailable',
])

const endpoints = [
  'grant',
  'authorization',
  'pushed_authorization_request',
  'device_authorization',
  'backchannel_authentication',
  'introspection',
  'revocation',
] as const

/** One that is told at most: texts come from whoever sent the request. */
const mostChars = 200

/**
 * Requests that were refused, on the record: replays, proofs and assertions that are not right, redirects elsewhere, addresses that
 * must not be asked. An address is recorded twenty times and then once a second, so that the log cannot be flooded.
 */
export class Refusals {
  readonly #deps: Deps
  readonly #noted = new WeakMap<object, Refusal>()
  readonly #limit: RateLimit

  constructor(deps: Deps) {
    this.#deps = deps
    this.#limit = new RateLimit({ clock: deps.clock, perSecond: 1, capacity: 20 })
  }

  /** Hears of what this provider refuses. */
  hear(provider: Provider): void {
    for (const endpoint of endpoints)
      provider.on(
        `${endpoint}.error` as 'grant.error',
        (
          ctx: KoaContextWithOIDC,
          error: Error & { error?: string; error_description?: string; error_detail?: string },
        ) => {
          const { error: code, error_detail: detail, error_description: says } = error
          if (code !== undefined) this.note(ctx, code, detail ?? says ?? code)
        },
      )
  }

  note(ctx: KoaContextWithOIDC, error: string, reason: string): void {
    if (!usual.has(error)) this.#noted.set(ctx.req, { error, reason: reason.slice(0, mostChars) })
  }

  /** Durable once it returns, unless the database is away: the refusal stands all the same. */
  async record(ctx: KoaContextWithOIDC, act: Act): Promise<void> {
    const refusal = this.#noted.get(ctx.req)
    if (refusal === undefined) return
    const { storage, clock, onError } = this.#deps
    try {
      this.#limit.take(addressKey(act.address ?? ''))
    } catch {
      return
    }
    const { client, params, body } = (ctx.oidc ?? {}) as Partial<KoaContextWithOIDC['oidc']>
    const known = client && registeredOf(client)
    const claimed = String(params?.client_id ?? body?.client_id ?? '').slice(0, mostChars)
    await storage
      .transact((tx) =>
        record(tx, act, {
          type: 'tokens.request_refused',
          atMs: clock.nowMs(),
          organizationId: known?.organizationId,
          object: known
            ? { type: 'Gatehouse::Client', id: known.id, name: known.name }
            : { type: 'Gatehouse::Client', id: 'unknown' },
          outcome: 'denied',
          touches: [],
          data: {
            endpoint: ctx.path.slice(0, mostChars),
            ...refusal,
            ...(known !== undefined ? { clientId: known.id } : claimed !== '' && { claimed }),
          },
        }),
      )
      .catch((error) => onError({ id: act.requestId }, error))
  }
}
