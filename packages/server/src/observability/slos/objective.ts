/** Counters whose sum counts: a metric's name and, for each label, the values that are meant. */
export interface Selector {
  readonly metric: string
  readonly labels?: { readonly [label: string]: readonly string[] }
}

/** Where good and bad events are read off. */
export type Indicator =
  | { readonly kind: 'ratio'; readonly bad: readonly Selector[]; readonly total: readonly Selector[] }
  /** Slower than `overSeconds`, which must be one of the histogram's bucket bounds, is bad. */
  | { readonly kind: 'latency'; readonly histogram: Selector; readonly overSeconds: number }
  /** Each look at the gauge is an event; outside `[below, above]` it is bad. `latest` pages at the first bad minute. */
  | ({ readonly kind: 'gauge' } & Bounds)
  /** The same for several gauges at once: bad when any is outside. */
  | { readonly kind: 'gauges'; readonly any: readonly Bounds[] }
  /**
   * For what happens a few times a day: gauges that count bad and all events of the last 30 days themselves, alike on every node. There
   * is no rate to speak of: an alert opens when the budget is spent.
   */
  | { readonly kind: 'monthly'; readonly bad: readonly Selector[]; readonly total: readonly Selector[] }

export interface Bounds {
  readonly gauge: Selector
  readonly above?: number
  readonly below?: number
}

export type Severity = 'page' | 'ticket'

/** A service level objective: what share of events must be good over 30 days, and what to do when it is not. */
export interface Objective {
  readonly name: string
  /** One sentence for a person. */
  readonly says: string
  /** Escalation goes by it. */
  readonly component: 'sign-in' | 'tokens' | 'decisions' | 'policies' | 'audit' | 'platform' | 'directory'
  /** Share of good events, 0 < target ≤ 1; with 1 any bad event burns. */
  readonly target: number
  readonly indicator: Indicator
  /** The worst that may come of it: what never pages is a ticket at most. */
  readonly severity: Severity
  /** File in `docs/runbooks/`, without its ending. */
  readonly runbook: string
  /** Fewer events than this in the long window raise nothing. Default 100, for a gauge 3. */
  readonly leastEvents?: number
}

/** Bad and all events since the process started. */
export interface Count {
  readonly bad: number
  readonly total: number
}

export const leastEventsOf = (objective: Objective): number =>
  objective.leastEvents ?? (isLook(objective) ? 3 : objective.indicator.kind === 'monthly' ? 1 : 100)

/** Whether each look is an event of its own. */
export const isLook = ({ indicator }: Objective): boolean => indicator.kind === 'gauge' || indicator.kind === 'gauges'

/** How many bad ones the 30 days of a monthly objective allow: the budget of a few events is one. */
export const allowedOf = ({ total }: Count, target: number): number => Math.max(1, total * (1 - target))
