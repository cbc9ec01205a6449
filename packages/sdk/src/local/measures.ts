import type { Outcome } from './decide.ts'

export type FallbackOutcome = 'allow' | 'deny' | 'failed'

/** What has happened so far; see docs/local-decisions.md. */
export interface LocalMeasures {
  readonly stalenessMs: number
  readonly entities: number
  readonly grants: number
  readonly bundle: string
  readonly decisions: Readonly<Record<Outcome, number>>
  /** Decisions that the centre made instead, and why. */
  readonly fallbacks: Readonly<
    Record<'bound' | 'stale' | 'at_least' | 'token' | 'session' | 'explain' | 'search', number>
  >
  /** What came of them; `failed`: nothing, and so a denial. */
  readonly fallbackOutcomes: Readonly<Record<FallbackOutcome, number>>
  /** Decisions that nobody made. */
  readonly refused: number
  readonly connections: number
  readonly shipped: number
  readonly waiting: number
}

export type FallbackReason = keyof LocalMeasures['fallbacks']

/** What is counted as it happens. */
export class LocalCounts {
  readonly decisions: Record<Outcome, number> = { allow: 0, deny_policy: 0, deny_default: 0, deny_error: 0 }
  readonly fallbacks: Record<FallbackReason, number> = {
    bound: 0,
    stale: 0,
    at_least: 0,
    token: 0,
    session: 0,
    explain: 0,
    search: 0,
  }
  readonly fallbackOutcomes: Record<FallbackOutcome, number> = { allow: 0, deny: 0, failed: 0 }
  refused = 0
  connections = 0

  /** As of now. */
  copy(): Pick<LocalMeasures, 'decisions' | 'fallbacks' | 'fallbackOutcomes' | 'refused' | 'connections'> {
    const { decisions, fallbacks, fallbackOutcomes, refused, connections } = this
    return {
      decisions: { ...decisions },
      fallbacks: { ...fallbacks },
      fallbackOutcomes: { ...fallbackOutcomes },
      refused,
      connections,
    }
  }
}
