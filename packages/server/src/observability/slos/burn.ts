import type { Minutes } from './minutes.ts'
import { allowedOf, type Count, leastEventsOf, type Objective, type Severity } from './objective.ts'

const minute = 60_000
const hour = 60 * minute
export const monthMs = 30 * 24 * hour

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

export interface Burning {
  readonly rule: BurnRule
  readonly severity: Severity
  readonly rate: number
  /** Of the last minutes; of a monthly objective, of 30 days. */
  readonly share: number
}

/** Of a monthly objective: more were bad than its budget allows. */
function spent({ target, severity, ...rest }: Objective, standing: Count | undefined): Burning | undefined {
  if (standing === undefined || standing.total < leastEventsOf({ target, severity, ...rest })) return undefined
  const rate = standing.bad / allowedOf(standing, target)
  const rule = { name: 'spent', severity, longMs: monthMs, shortMs: monthMs, rate: 1 }
  return rate > 1 ? { rule, severity, rate, share: standing.bad / standing.total } : undefined
}

/** The gravest rule that holds, no graver than the objective allows; undefined when none does. */
export function burning(objective: Objective, minutes: Minutes, nowMs: number): Burning | undefined {
  if (objective.indicator.kind === 'monthly') return spent(objective, minutes.standing)
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
