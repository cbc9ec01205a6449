import { activeSpan, type Clock, type HotSeries, type Meter, type Span } from '#kernel'
import type { Decision, Outcome, PolicyError } from '../engine/decision.ts'
import { classifyPolicyError, type PolicyErrorKind } from '../engine/policy-error.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Journal } from './journal.ts'
import type { DecisionRecord } from './record.ts'

/** A decision with what stood around it. */
export interface Decided {
  readonly via: DecisionRecord['via']
  readonly requestId: string
  readonly applicationId?: string | undefined
  readonly caller?: EntityUid | undefined
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly decision: Decision
  /** From `performance.now()`, before deciding. */
  readonly startedAt: number
}

/** The service levels that a decision's duration is measured against, in seconds: 1, 5, 10 and 20 ms among them. */
const buckets = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1]

/** What is counted of one way. */
interface Series {
  readonly via: Decided['via']
  readonly duration: HotSeries
  readonly outcomes: Partial<Record<Outcome, { count: number }>>
  readonly errors: Record<Erring['effect'], Partial<Record<PolicyErrorKind, { count: number }>>>
}

/** Of a policy that erred. */
interface Erring {
  readonly effect: 'permit' | 'forbid' | 'none'
  readonly kind: PolicyErrorKind
}

/** The decisions of one request, as far as they are counted. */
interface Tally {
  readonly via: Decided['via']
  readonly startedAt: number
  readonly count: number
  readonly outcomes: Record<Outcome, number>
  readonly errors: readonly Erring[] | undefined
  /** The decisions themselves, where a trace shows them. */
  readonly traced: readonly Decided[] | undefined
}

/** Puts decisions on record and counts them. */
export class Recorder {
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #position: () => number
  readonly #decisions
  readonly #errors
  readonly #refused
  readonly #duration
  readonly #series = new Map<Decided['via'], Series>()

  constructor(deps: { journal: Journal; clock: Clock; meter: Meter; position: () => number }) {
    this.#journal = deps.journal
    this.#clock = deps.clock
    this.#position = deps.position
    const { meter } = deps
    this.#decisions = meter.hotCounter<'via' | 'outcome'>(
      'authorization_decisions_total',
      'Decisions by way and outcome',
    )
    this.#errors = meter.hotCounter<'via' | 'effect' | 'kind'>(
      'authorization_policy_errors_total',
      'Policies that erred and were skipped, by what they do and why they erred',
    )
    this.#refused = meter.counter(
      'authorization_decisions_refused_total',
      'Decisions not made because they could not be put on record: availability is what is left',
      ['via'],
    )
    this.#duration = meter.hotSeconds<'via'>(
      'authorization_decision_duration_seconds',
      'From the request being read to the decision being on record',
      buckets,
    )
  }

  /**
   * Keeps a decision at once. INVARIANT: nothing is answered that this, or `keepSoon`, has not returned from.
   * @throws {Fault} `authorization.journal_unavailable`
   */
  keep(one: Decided): void {
    const all = [one]
    try {
      this.#journal.appendAll(this.#records(all))
    } catch (error) {
      this.#refused.inc({ via: one.via })
      throw error
    }
    this.#count(this.#tally(all))
  }

  /**
   * As `keep`, for the decisions of one request, together with what else is decided in this turn of the event loop. Holds none of
   * them until then: what outlives its turn is what collecting garbage costs.
   */
  keepSoon(all: readonly Decided[]): Promise<void> {
    const tally = this.#tally(all)
    return this.#journal.keep(this.#records(all)).then(
      () => this.#count(tally),
      (error) => {
        this.#refused.inc({ via: tally.via }, tally.count)
        throw error
      },
    )
  }

  /** Keeps decisions that others made and answered already. @throws {Fault} `authorization.journal_unavailable` */
  async keepMade(records: readonly DecisionRecord[]): Promise<void> {
    await this.#journal.keep(records)
    for (const { via, outcome, errors } of records) {
      this.#cell(this.#seriesOf(via), outcome).count++
      if (errors.length > 0) this.#errors.add(via, () => ({ via }), errors.length)
    }
  }

  #records(all: readonly Decided[]): DecisionRecord[] {
    const atMs = this.#clock.nowMs()
    const position = this.#position()
    const endedAt = performance.now()
    return all.map(({ decision, startedAt, requestId, via, applicationId, caller, principal, action, resource }) => ({
      atMs,
      requestId,
      via,
      applicationId,
      caller,
      principal,
      action,
      resource,
      outcome: decision.outcome,
      reasons: decision.reasons,
      errors: decision.errors.length === 0 ? none : decision.errors.map((error) => error.policy),
      bundle: decision.bundle,
      position,
      tookMicros: Math.round((endedAt - startedAt) * 1_000),
    }))
  }

  #tally(all: readonly Decided[]): Tally {
    const { via, startedAt } = all[0] as Decided
    const outcomes: Tally['outcomes'] = { allow: 0, deny_policy: 0, deny_default: 0, deny_error: 0 }
    let errors: Erring[] | undefined
    for (let at = 0; at < all.length; at++) {
      const { decision } = all[at] as Decided
      outcomes[decision.outcome]++
      for (let each = 0; each < decision.errors.length; each++) {
        const { effect = 'none', message } = decision.errors[each] as PolicyError
        errors ??= []
        errors.push({ effect, kind: classifyPolicyError(message).kind })
      }
    }
    // Copied, for the list is the caller's: only a request that is traced.
    const traced = activeSpan() === undefined ? undefined : [...all]
    return { via, startedAt, count: all.length, outcomes, errors, traced }
  }

  #count({ via, startedAt, count, outcomes, errors = none, traced = none }: Tally): void {
    const span = activeSpan()
    if (span !== undefined) for (const it of traced) traceDecision(span, it)
    const series = this.#seriesOf(via)
    for (const outcome of outcomeNames)
      if (outcomes[outcome] > 0) this.#cell(series, outcome).count += outcomes[outcome]
    for (const { effect, kind } of errors) this.#errorCell(series, effect, kind).count++
    series.duration.observe((performance.now() - startedAt) / 1_000, span, count)
  }

  #seriesOf(via: Decided['via']): Series {
    let found = this.#series.get(via)
    if (found === undefined) {
      found = {
        via,
        duration: this.#duration.series(via, () => ({ via })),
        outcomes: {},
        errors: { permit: {}, forbid: {}, none: {} },
      }
      this.#series.set(via, found)
    }
    return found
  }

  #cell(series: Series, outcome: Outcome): { count: number } {
    const { via } = series
    series.outcomes[outcome] ??= this.#decisions.cell(`${via}${outcome}`, () => ({ via, outcome }))
    return series.outcomes[outcome]
  }

  #errorCell({ via, errors }: Series, effect: Erring['effect'], kind: PolicyErrorKind): { count: number } {
    const cells = errors[effect]
    cells[kind] ??= this.#errors.cell(`${via} ${effect} ${kind}`, () => ({ via, effect, kind }))
    return cells[kind]
  }
}

/** Who and what stand in the journal under the request's id: a trace goes to others. */
function traceDecision(parent: Span, { via, applicationId, action, decision, startedAt }: Decided): void {
  const attributes = {
    'gatehouse.decision.via': via,
    'gatehouse.decision.outcome': decision.outcome,
    'gatehouse.decision.action': `${action.type}::"${action.id}"`,
    'gatehouse.application.id': applicationId,
    'gatehouse.policy.bundle': decision.bundle,
    'gatehouse.policy.reasons': decision.reasons.join(' ') || undefined,
  }
  parent.child('decide', { startedAt, attributes }).end()
}

const none: readonly never[] = []
const outcomeNames = ['allow', 'deny_policy', 'deny_default', 'deny_error'] as const
