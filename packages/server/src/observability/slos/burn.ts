import type { Minutes } from './minutes.ts'
import { leastEventsOf, type Objective, type Severity } from './objective.ts'

const minute = 60_000
const hour = 60 * minute

/** One alerting rule: both windows must burn the budget at `rate` times what 30 days allow. */
export interface BurnRule {
  readonly name: string
  readonly severity: Severity
  readonly longMs: number
  readonly shortMs: number
  /** 1 spends the whole budget in exactly 30 days. */
  readonly rate: number
}

/**
 * Multi-window, multi-burn-rate rules (Google's SRE Workbook, chapter 5): 2 % of the budget in an hour, 5 % in six hours,
 * 10 % in a day or in three; and the plain one, twice the budget's rate for a quarter of an hour.
 */
export const burnRules: readonly BurnRule[] = [
  { name: 'fast', severity: 'page', longMs: hour, shortMs: 5 * minute, rate: 14.4 },
  { name: 'medium', severity: 'page', longMs: 6 * hour, shortMs: 30 * minute, rate: 6 },
  { name: 'day', severity: 'ticket', longMs: 24 * hour, shortMs: 2 * hour, rate: 3 },
  { name: 'slow', severity: 'ticket', longMs: 72 * hour, shortMs: 6 * hour, rate: 1 },
  { name: 'plain', severity: 'ticket', longMs: 15 * minute, shortMs: 5 * minute, rate: 2 },
]

/** A target of 100 % has no budget: whatever is bad burns a millionth of a budget many times over. */
const leastBudget = 1e-6

/** The burn rate of a window: 0 while nothing happened. */
export function burnRate({ bad, total }: { bad: number; total: number }, target: number): number {
  return total === 0 ? 0 : bad / total / Math.max(1 - target, leastBudget)
}

/** The gravest rule that holds, no graver than the objective allows; undefined when none does. */
export function burning(
  objective: Objective,
  minutes: Minutes,
  nowMs: number,
): { rule: BurnRule; severity: Severity; rate: number; share: number } | undefined {
  for (const rule of burnRules) {
    const long = minutes.over(nowMs, rule.longMs)
    if (long.total < leastEventsOf(objective) || long.bad < 1) continue
    const rate = burnRate(long, objective.target)
    // A target below 1 - 1/rate could never burn so fast: all bad is then what the rule means.
    const limit = Math.min(rule.rate, 0.999 / Math.max(1 - objective.target, leastBudget))
    const short = minutes.over(nowMs, rule.shortMs)
    if (rate < limit || burnRate(short, objective.target) < limit) continue
    const severity = objective.severity === 'page' ? rule.severity : 'ticket'
    return { rule, severity, rate, share: short.total === 0 ? 0 : short.bad / short.total }
  }
  return undefined
}
