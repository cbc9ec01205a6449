import type { Counter } from 'prom-client'
import type { HotHistogram, Meter } from '#kernel'
import type { Method } from '../events.ts'

/** `rejected_again` is the same browser trying once more after a failure: people who mistype, told apart from the first.
 * `denied` had proved who they are and was refused by sign-in policies. */
export type Outcome = 'success' | 'rejected' | 'denied' | 'rejected_again' | 'throttled' | 'unavailable'

/** What sign-in measures. Service level: success ÷ (success + rejected + unavailable). */
export class SignInMeasures {
  readonly #attempts: Counter<'outcome' | 'method'>
  readonly #attacks: Counter<'kind'>
  readonly #duration: HotHistogram<'outcome' | 'method'>

  constructor(meter: Meter) {
    this.#attempts = meter.counter(
      'authentication_attempts_total',
      'Attempts to prove an identity, by method and outcome; rejected_again repeats a failure in the same browser',
      ['outcome', 'method'],
    )
    this.#attacks = meter.counter(
      'authentication_attacks_total',
      'Attacks that were suspected: stuffing from one network, spraying over one organization',
      ['kind'],
    )
    this.#duration = meter.hotSeconds(
      'authentication_attempt_duration_seconds',
      'Server time of an attempt to prove an identity',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    )
  }

  attack(kind: 'stuffing' | 'spraying'): void {
    this.#attacks.inc({ kind })
  }

  count(method: Method, outcome: Outcome, startedAt: number): void {
    this.#attempts.inc({ method, outcome })
    this.#duration
      .series(`${method} ${outcome}`, () => ({ method, outcome }))
      .observe((performance.now() - startedAt) / 1_000)
  }
}
