import type { Clock, Meter } from '#kernel'

/** What became of an assertion of an outside issuer. */
export type FederationOutcome = 'admitted' | 'unknown_issuer' | 'invalid' | 'condition' | 'unreachable'

/** How an issuer does on this node, since it started. */
export interface IssuerTally {
  readonly admitted: number
  readonly refused: number
  readonly lastAdmittedAtMs?: number
  readonly lastRefusedAtMs?: number
  /** Why, in words. */
  readonly lastRefusal?: string
}

const issuersMost = 1_000

/** Counts what becomes of assertions, for the objective and, by issuer, for whoever looks for a cause. */
export class FederationHealth {
  readonly #clock: Clock
  readonly #attempts
  readonly #tallies = new Map<string, IssuerTally>()

  constructor({ clock, meter }: { clock: Clock; meter: Meter }) {
    this.#clock = clock
    this.#attempts = meter.counter(
      'federation_attempts_total',
      'Assertions of outside issuers, by what became of them: unreachable and invalid are failures of the federation',
      ['outcome'],
    )
    // Said from the start: an objective over what has not happened yet is met.
    for (const outcome of ['admitted', 'unknown_issuer', 'invalid', 'condition', 'unreachable'] as const)
      this.#attempts.inc({ outcome }, 0)
  }

  count(outcome: FederationOutcome, issuer: string | undefined, says?: string): void {
    this.#attempts.inc({ outcome })
    // Whoever can send a request can name any issuer: only trusted ones are remembered.
    if (issuer === undefined || outcome === 'unknown_issuer') return
    const before = this.#tallies.get(issuer) ?? { admitted: 0, refused: 0 }
    const nowMs = this.#clock.nowMs()
    if (this.#tallies.size >= issuersMost && !this.#tallies.has(issuer))
      this.#tallies.delete(this.#tallies.keys().next().value as string)
    this.#tallies.set(
      issuer,
      outcome === 'admitted'
        ? { ...before, admitted: before.admitted + 1, lastAdmittedAtMs: nowMs }
        : {
            ...before,
            refused: before.refused + 1,
            lastRefusedAtMs: nowMs,
            ...(says !== undefined && { lastRefusal: says }),
          },
    )
  }

  of(issuer: string): IssuerTally {
    return this.#tallies.get(issuer) ?? { admitted: 0, refused: 0 }
  }
}
