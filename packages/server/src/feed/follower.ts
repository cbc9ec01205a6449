import type { FeedEvent } from './events.ts'

export interface Follower {
  readonly name: string
  /** The newest position whose event has been handled. */
  readonly position: number
  /** Stops after the batch in hand. */
  stop(): Promise<void>
}

export interface FollowOptions {
  readonly name: string
  /**
   * Takes events in order, at least once: a crash after the work and before the cursor is saved hands them out again, so it
   * is idempotent. A throw is logged and the same batch comes again after a pause.
   */
  readonly handle: (events: readonly FeedEvent[]) => Promise<void>
  /** Where to begin: after this position, in memory only; or `stored`, from the cursor kept in the database. */
  readonly after: number | 'stored'
}

/** Waits for a wake-up or the poll, whichever comes first, and says which. A wake-up between two waits is not lost. */
export class Alarm {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async wait(ms: number): Promise<'rung' | 'polled'> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = undefined
    }
    const rung = this.#rung
    this.#rung = false
    return rung ? 'rung' : 'polled'
  }
}
