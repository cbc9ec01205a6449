import type { Meter } from '#kernel'

/** Actions that only look, and the asking for decisions: they do not wait for the medium. */
const ordinary = /^(view|decide$|explain|examine$|exportConfiguration$)/
const most = 10_000

/** Requests under way that were permitted something privileged: their replies wait until that stands on the medium. */
export class Privileged {
  readonly #requests = new Set<string>()
  readonly #actions

  constructor(meter: Meter) {
    this.#actions = meter.counter('privileged_actions_total', 'Administrative acts that were permitted, by action', [
      'action',
    ])
  }

  /** Counts one that is about to be done: `action` is one of the built-in bundle's. */
  count(action: string): void {
    if (!ordinary.test(action)) this.#actions.inc({ action })
  }

  note(requestId: string, action: string): void {
    if (ordinary.test(action)) return
    // Acts that belong to no request leave their ids here; the oldest give way.
    if (this.#requests.size >= most) this.#requests.delete(this.#requests.values().next().value as string)
    this.#requests.add(requestId)
  }

  /** Whether this request was; asking forgets it. */
  take(requestId: string): boolean {
    return this.#requests.delete(requestId)
  }
}
