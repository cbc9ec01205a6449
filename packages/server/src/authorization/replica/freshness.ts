import type { Clock } from '#kernel'
import type { Storage } from '#storage'

export interface FreshnessDeps {
  readonly storage: Storage
  readonly clock: Clock
  /** The newest feed position that is applied here. */
  readonly position: () => number
  readonly nowMs: () => number
}

/**
 * As of when what this node holds is whole: everything that was committed by then, on any node, is applied here. Asks the
 * database only when told to.
 */
export class NodeFreshness {
  readonly #deps: FreshnessDeps
  #asOfMs = Number.NEGATIVE_INFINITY
  #wanted: { readonly position: number; readonly asOfMs: number } | undefined
  #asking = false

  constructor(deps: FreshnessDeps) {
    this.#deps = deps
  }

  /** In this process's monotonic milliseconds, whole ones. */
  get asOfMs(): number {
    this.#settle()
    return this.#asOfMs
  }

  /** @throws when the database cannot be asked: nothing then becomes fresher */
  async ask(): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    try {
      const { storage, clock, nowMs } = this.#deps
      const askedAtMs = nowMs()
      // INVARIANT: what is without a position is asked for first: an event numbered in between then counts as both.
      const since = await storage.unnumberedSinceMs()
      const { position } = await storage.readMark()
      const openMs = since === undefined ? 0 : Math.max(0, clock.nowMs() - since)
      // An older question is answered first: on a busy node the newest position is always ahead.
      this.#settle()
      this.#wanted ??= { position, asOfMs: askedAtMs - openMs }
      this.#settle()
    } finally {
      this.#asking = false
    }
  }

  #settle(): void {
    const wanted = this.#wanted
    if (wanted === undefined || this.#deps.position() < wanted.position) return
    this.#asOfMs = Math.max(this.#asOfMs, Math.floor(wanted.asOfMs))
    this.#wanted = undefined
  }
}
