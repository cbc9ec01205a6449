import type { Reader } from '#storage'
import { burning, burnRate, burnRules } from './burn.ts'
import { hourMs } from './counting.ts'
import type { Minutes } from './minutes.ts'
import { allowedOf, type Count, type Objective } from './objective.ts'
import { sumCounts } from './slo.store.ts'

export const budgetDays = 30

export interface ObjectiveReport {
  readonly objective: Objective
  readonly state: 'ok' | 'ticket' | 'page' | 'unknown'
  /** Over 30 days; undefined while nothing happened. */
  readonly good: number | undefined
  /** Share of the 30 days' error budget that is left; below 0 it is overspent. */
  readonly budgetLeft: number
  readonly events: Count
  readonly burn: readonly { readonly windowMs: number; readonly rate: number; readonly limit: number }[]
}

/** How one objective stands. */
export async function reportObjective(
  db: Reader,
  objective: Objective,
  minutes: Minutes,
  nowMs: number,
): Promise<ObjectiveReport> {
  const monthly = objective.indicator.kind === 'monthly'
  const events = monthly
    ? (minutes.standing ?? { bad: 0, total: 0 })
    : await sumCounts(db, objective.name, hourMs, nowMs - budgetDays * 24 * hourMs)
  const spent = monthly ? events.bad / allowedOf(events, objective.target) : burnRate(events, objective.target)
  const found = burning(objective, minutes, nowMs)
  return {
    objective,
    state: found?.severity ?? (events.total === 0 ? 'unknown' : 'ok'),
    good: events.total === 0 ? undefined : 1 - events.bad / events.total,
    budgetLeft: events.total === 0 ? 1 : 1 - spent,
    events,
    burn: (monthly ? [] : burnRules).map((rule) => ({
      windowMs: rule.longMs,
      rate: burnRate(minutes.over(nowMs, rule.longMs), objective.target),
      limit: rule.rate,
    })),
  }
}
