import type { FastifyRequest } from 'fastify'
import { record } from '#feed'
import type { Act, Clock } from '#kernel'
import type { Storage } from '#storage'
import { addressKey, RateLimit, traced } from '#web'
import '../events.ts'
import type { ClientCache } from '../oidc/clients.ts'
import type { AccessTokenVerifier } from './verify-access-token.ts'

interface Deps {
  readonly issuer: string
  readonly storage: Storage
  readonly clock: Clock
  readonly clients: ClientCache
  readonly verifier: AccessTokenVerifier
  readonly onError: (where: string, error: unknown) => void
}

/** Where a token was shown. */
export type ShownAt = 'userinfo' | 'api' | 'gateway'

/**
 * Bearer tokens and API keys that do not count, on the record: forged ones, revoked ones, those for somebody else or without their proof. One
 * that has only run out is the way of things and is none of it. An address is recorded ten times and then once in ten seconds, all together
 * a hundred times and then once a second: nobody fills the log; how many were left out stands in the next.
 */
export class RefusedTokens {
  readonly #deps: Deps
  readonly #byAddress: RateLimit
  readonly #all: RateLimit
  #unrecorded = 0
  #recording: Promise<void> = Promise.resolve()

  constructor(deps: Deps) {
    this.#deps = deps
    const { clock } = deps
    this.#byAddress = new RateLimit({ clock, perSecond: 0.1, capacity: 10 })
    this.#all = new RateLimit({ clock, perSecond: 1, capacity: 100 })
  }

  /** Returns at once: a refusal waits for no record of it. @param audience undefined where every audience is taken */
  note(request: FastifyRequest, at: ShownAt, audience: string | undefined): void {
    const token = /^(?:Bearer|DPoP) +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) return
    const { verifier, onError } = this.#deps
    try {
      this.#byAddress.take(addressKey(request.ip))
      this.#all.take('all')
    } catch {
      this.#unrecorded++
      return
    }
    const told = verifier.explain(token, audience)
    if (told.reason === 'expired') return
    const unrecorded = this.#unrecorded
    this.#unrecorded = 0
    this.#recording = this.#recording
      .then(() => this.#record(request, at, audience, { ...told, unrecorded }))
      .catch((error) => onError('a refused token', error))
  }

  /** Resolves when what was noted is recorded. */
  settled(): Promise<void> {
    return this.#recording
  }

  async #record(
    request: FastifyRequest,
    at: ShownAt,
    audience: string | undefined,
    { reason, claims, unrecorded }: ReturnType<AccessTokenVerifier['explain']> & { readonly unrecorded: number },
  ): Promise<void> {
    const { storage, clock, clients, issuer } = this.#deps
    const isOwn = audience === undefined || audience === issuer
    const application = isOwn ? undefined : await clients.find(audience)
    const act: Act = {
      actor: { type: 'anonymous', name: 'anonymous' },
      requestId: request.id,
      address: request.ip,
      ...traced(request),
    }
    await storage.transact((tx) =>
      record(tx, act, {
        type: 'tokens.token_refused',
        atMs: clock.nowMs(),
        organizationId: application?.organizationId,
        object:
          application === undefined
            ? { type: 'Gatehouse::Deployment', id: 'gatehouse' }
            : { type: 'Gatehouse::Client', id: application.id, name: application.name },
        outcome: 'denied',
        touches: [],
        data: {
          at,
          reason,
          ...(claims !== undefined && { token: claims.token, subject: claims.subject, clientId: claims.clientId }),
          ...(unrecorded > 0 && { unrecorded }),
        },
      }),
    )
  }
}
