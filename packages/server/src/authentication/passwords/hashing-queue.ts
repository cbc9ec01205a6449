import { Fault, type Meter } from '#kernel'
import '../faults.ts'

/**
 * Lets at most `running` hashings run and `waiting` wait. INVARIANT: Argon2 and fsync share libuv's threads; more than two
 * at once would hold up every commit of the process.
 */
export class HashingQueue {
  readonly #most: { readonly running: number; readonly waiting: number }
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(meter: Meter, most = { running: 2, waiting: 64 }) {
    this.#most = most
    const queue = this
    meter.gauge('authentication_hashing_waiting', 'Password hashings that wait for their turn', [], function () {
      this.set(queue.#waiting.length)
    })
  }

  /** @throws {Fault} `authentication.busy` (503, Retry-After) when too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#most.running) {
      if (this.#waiting.length >= this.#most.waiting) throw new Fault('authentication.busy', { retryAfterSeconds: 2 })
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#running++
    }
    try {
      return await work()
    } finally {
      // The place goes straight to who waits longest, so nobody overtakes between two turns.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}
