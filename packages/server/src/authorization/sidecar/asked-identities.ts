import { hash } from 'node:crypto'
import type { Gatehouse } from '@gatehouse/sdk'
import { type Clock, Fault } from '#kernel'

/** Identities are asked for again when less than this is left of them. */
const leastLeftMs = 30_000
const most = 20_000

/**
 * The identities of those whose access tokens were verified here, signed by the server: a replica holds no key. Asked for about once a
 * minute and token.
 */
export class AskedIdentities {
  readonly #gatehouse: Gatehouse
  readonly #clock: Clock
  readonly #known = new Map<string, { readonly identity: string; readonly endsAtMs: number }>()
  readonly #asking = new Map<string, Promise<string>>()

  constructor(gatehouse: Gatehouse, clock: Clock) {
    this.#gatehouse = gatehouse
    this.#clock = clock
  }

  /** @throws {Fault} `web.not_ready` when the server cannot be asked: nobody is let through without the identity */
  async of(token: string): Promise<string> {
    const key = hash('sha256', token, 'base64url')
    const known = this.#known.get(key)
    if (known !== undefined && known.endsAtMs - this.#clock.nowMs() > leastLeftMs) return known.identity
    const asking = this.#asking.get(key) ?? this.#ask(key, token).finally(() => this.#asking.delete(key))
    this.#asking.set(key, asking)
    return asking
  }

  async #ask(key: string, token: string): Promise<string> {
    try {
      const answer = await this.#gatehouse.centre.post('/access/v1/identity', { token }, {})
      const { identity } = JSON.parse(answer.body) as { identity: string }
      const { exp } = JSON.parse(Buffer.from(identity.split('.')[1] as string, 'base64url').toString('utf8'))
      this.#known.delete(key)
      if (this.#known.size >= most) this.#known.delete(this.#known.keys().next().value as string)
      this.#known.set(key, { identity, endsAtMs: exp * 1_000 })
      return identity
    } catch (cause) {
      throw new Fault('web.not_ready', { cause, retryAfterSeconds: 1 })
    }
  }
}
