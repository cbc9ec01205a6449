import { hash } from 'node:crypto'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Clock } from '#kernel'

/** What clients are told to wait (RFC 8628 §3.2, CIBA §7.3). */
const intervalMs = 5_000
/** A client that keeps exactly to the interval is never too early by its own clock. */
const toleranceMs = 500
const rememberedMost = 10_000

/** Slows clients that ask again too soon whether a person has answered (RFC 8628 §3.5): by code, on this node. */
export class Polls {
  readonly #clock: Clock
  readonly #lastAtMs = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  slowDown(ctx: KoaContextWithOIDC): void {
    const { body } = ctx as { body?: { error?: unknown; error_description?: unknown } }
    if (ctx.status !== 400 || body?.error !== 'authorization_pending') return
    const code = ctx.oidc.params?.device_code ?? ctx.oidc.params?.auth_req_id
    if (typeof code !== 'string') return
    const key = hash('sha256', code, 'base64url')
    const nowMs = this.#clock.nowMs()
    const last = this.#lastAtMs.get(key)
    this.#lastAtMs.delete(key)
    if (this.#lastAtMs.size >= rememberedMost) this.#lastAtMs.delete(this.#lastAtMs.keys().next().value as string)
    this.#lastAtMs.set(key, nowMs)
    if (last === undefined || nowMs - last >= intervalMs - toleranceMs) return
    ctx.body = { error: 'slow_down', error_description: 'wait five seconds more between requests' }
  }
}
