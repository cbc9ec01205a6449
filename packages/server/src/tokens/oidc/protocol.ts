import type { FastifyReply, FastifyRequest } from 'fastify'
import type Provider from 'oidc-provider'
import { RateLimit } from '#web'
import { TokenMeasures } from './measure.ts'
import { answerOwn } from './own-answer.ts'
import type { OwnDeps } from './own-request.ts'
import type { ProtocolDeps } from './protocol-deps.ts'
import type { KoaHandler, Provided } from './provided.ts'

/** The token endpoint's own ways, and the provider for all the rest: who never asks for it does not load it. */
export class Protocol {
  readonly #deps: ProtocolDeps
  readonly #own: OwnDeps
  #loading: Promise<Provided> | undefined
  #provided: Provided | undefined

  constructor(deps: ProtocolDeps) {
    this.#deps = deps
    const { clock, requestsPerSecond: perSecond } = deps
    const limit = new RateLimit({ clock, perSecond, capacity: 3 * perSecond })
    this.#own = { ...deps, limit, measures: new TokenMeasures(deps.meter) }
    deps.signer.onChange(() => this.rebuild())
  }

  /** Answers the commonest requests by itself. @returns false when the provider has to */
  issueOwn(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    return answerOwn(this.#own, request, reply)
  }

  /** Makes what discovery must name and nobody has needed yet; without the database it names what there is. */
  async offerEverything(): Promise<void> {
    await this.#deps.ensureKey?.('RS256').catch((error) => this.#deps.onError({ id: 'discovery' }, error))
  }

  /** Builds the provider anew, when what all of it must be ready for has changed. */
  rebuild(): void {
    this.#provided?.build()
  }

  async provider(): Promise<Provider> {
    return (await this.#load()).provider
  }

  /** What answers raw requests. */
  async handler(): Promise<KoaHandler> {
    return (await this.#load()).handle
  }

  async #load(): Promise<Provided> {
    if (this.#provided !== undefined) return this.#provided
    this.#loading ??= this.#open().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #open(): Promise<Provided> {
    const { Provided } = await import('./provided.ts')
    // INVARIANT: nothing is awaited between the building and its being known: no change of keys is missed.
    this.#provided = new Provided({ ...this.#deps, limit: this.#own.limit, measures: this.#own.measures })
    return this.#provided
  }
}
