import type { Clock, Meter } from '#kernel'

/**
 * What became of somebody who came back from a provider. `unreachable` and `invalid` are failures of the federation;
 * `refused` (there, or by the person), `stale` (state), `not_linked` and `barred` are not.
 */
export const federationOutcomes = [
  'success',
  'unreachable',
  'invalid',
  'refused',
  'stale',
  'not_linked',
  'barred',
] as const
export type FederationOutcome = (typeof federationOutcomes)[number]

/** How a provider does on this node, since it started. */
export interface ProviderTally {
  readonly succeeded: number
  /** By reason. */
  readonly failed: Readonly<Partial<Record<FederationOutcome, number>>>
  readonly lastSuccessAtMs?: number
  readonly lastFailureAtMs?: number
  readonly lastFailure?: string
  /** Of its token endpoint and keys, over the last 200 times. */
  readonly latencyP50Ms?: number
  readonly latencyP95Ms?: number
}

interface Kept extends Omit<ProviderTally, 'latencyP50Ms' | 'latencyP95Ms'> {
  readonly latenciesMs: readonly number[]
}

const providersMost = 1_000
const latenciesMost = 200
const nothing: Kept = { succeeded: 0, failed: {}, latenciesMs: [] }

/** Counts what becomes of sign-ins by providers: for the objective, and by provider for whoever looks for a cause. */
export class ProviderHealth {
  readonly #clock: Clock
  readonly #attempts
  readonly #duration
  readonly #kept = new Map<string, Kept>()

  constructor({ clock, meter }: { readonly clock: Clock; readonly meter: Meter }) {
    this.#clock = clock
    this.#attempts = meter.counter(
      'federation_sign_ins_total',
      'People who came back from an identity provider, by what became of it: unreachable and invalid are failures of the federation',
      ['outcome'],
    )
    // Said from the start: an objective over what has not happened yet is met.
    for (const outcome of federationOutcomes) this.#attempts.inc({ outcome }, 0)
    this.#duration = meter.seconds(
      'federation_sign_in_duration_seconds',
      'How long identity providers took to redeem a code and give their keys',
      [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    )
  }

  /** @param detail of a failure, in words without anything of a person's */
  count(outcome: FederationOutcome, providerId: string | undefined, detail?: string): void {
    this.#attempts.inc({ outcome })
    if (providerId === undefined) return
    const before = this.#kept.get(providerId) ?? nothing
    const nowMs = this.#clock.nowMs()
    this.#keep(
      providerId,
      outcome === 'success'
        ? { ...before, succeeded: before.succeeded + 1, lastSuccessAtMs: nowMs }
        : {
            ...before,
            failed: { ...before.failed, [outcome]: (before.failed[outcome] ?? 0) + 1 },
            lastFailureAtMs: nowMs,
            ...(detail !== undefined && { lastFailure: detail.slice(0, 300) }),
          },
    )
  }

  took(providerId: string, ms: number): void {
    this.#duration.observe(ms / 1_000)
    const before = this.#kept.get(providerId) ?? nothing
    this.#keep(providerId, { ...before, latenciesMs: [...before.latenciesMs, ms].slice(-latenciesMost) })
  }

  of(providerId: string): ProviderTally {
    const { latenciesMs, ...tally } = this.#kept.get(providerId) ?? nothing
    if (latenciesMs.length === 0) return tally
    const sorted = [...latenciesMs].sort((a, b) => a - b)
    const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] as number)
    return { ...tally, latencyP50Ms: at(0.5), latencyP95Ms: at(0.95) }
  }

  #keep(providerId: string, kept: Kept): void {
    if (this.#kept.size >= providersMost && !this.#kept.has(providerId))
      this.#kept.delete(this.#kept.keys().next().value as string)
    this.#kept.set(providerId, kept)
  }
}
