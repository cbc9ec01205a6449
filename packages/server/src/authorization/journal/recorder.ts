import { activeSpan, type Clock, type Meter, type Span } from '#kernel'
import type { Decision } from '../engine/decision.ts'
import { classifyPolicyError } from '../engine/policy-error.ts'
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

/** Puts decisions on record and counts them. */
export class Recorder {
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #position: () => number
  readonly #decisions
  readonly #errors
  readonly #refused
  readonly #duration

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
   * Keeps decisions at once, all or none. INVARIANT: nothing is answered that this, or `keepSoon`, has not returned from.
   * @throws {Fault} `authorization.journal_unavailable`
   */
  keep(...all: readonly Decided[]): void {
    try {
      this.#journal.append(...this.#records(all))
    } catch (error) {
      this.#refused.inc({ via: all[0]?.via ?? 'gate' }, all.length)
      throw error
    }
    this.#count(all)
  }

  /** As `keep`, together with what else is decided in this turn of the event loop: for decisions by the thousand. */
  async keepSoon(...all: readonly Decided[]): Promise<void> {
    try {
      await this.#journal.keep(this.#records(all))
    } catch (error) {
      this.#refused.inc({ via: all[0]?.via ?? 'gate' }, all.length)
      throw error
    }
    this.#count(all)
  }

  /** Keeps decisions that others made and answered already. @throws {Fault} `authorization.journal_unavailable` */
  async keepMade(records: readonly DecisionRecord[]): Promise<void> {
    await this.#journal.keep(records)
    for (const { via, outcome, errors } of records) {
      this.#decisions.add(`${via}${outcome}`, () => ({ via, outcome }))
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

  #count(all: readonly Decided[]): void {
    const endedAt = performance.now()
    const span = activeSpan()
    for (const it of all) {
      const { via, decision, startedAt } = it
      const { outcome } = decision
      if (span !== undefined) traceDecision(span, it)
      this.#decisions.add(`${via}${outcome}`, () => ({ via, outcome }))
      for (const { effect = 'none', message } of decision.errors) this.#countError(via, effect, message)
      this.#duration.series(via, () => ({ via })).observe((endedAt - startedAt) / 1_000, span)
    }
  }

  #countError(via: Decided['via'], effect: 'permit' | 'forbid' | 'none', message: string): void {
    const { kind } = classifyPolicyError(message)
    this.#errors.add(`${via} ${effect} ${kind}`, () => ({ via, effect, kind }))
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
