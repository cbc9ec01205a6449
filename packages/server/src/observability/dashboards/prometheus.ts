import { burnRules } from '../slos/burn.ts'
import type { Bounds, Objective, Selector } from '../slos/objective.ts'

/** A duration as Prometheus writes it. */
export function duration(ms: number): string {
  const minutes = ms / 60_000
  if (minutes % 1_440 === 0) return `${minutes / 1_440}d`
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`
}

export function selector({ metric, labels }: Selector, suffix = '', extra: readonly string[] = []): string {
  const own = Object.entries(labels ?? {}).map(([label, values]) =>
    values.length === 1 ? `${label}="${values[0]}"` : `${label}=~"${values.join('|')}"`,
  )
  const all = [...own, ...extra]
  return `${metric}${suffix}${all.length > 0 ? `{${all.join(',')}}` : ''}`
}

const rates = (selectors: readonly Selector[], window: string) =>
  selectors.map((one) => `(sum(rate(${selector(one)}[${window}])) or vector(0))`).join(' + ')

/** 1 while one of the gauges is out of its bounds, else 0; of several, one that is not there is within them. */
function outside(gauges: readonly Bounds[]): string {
  const tests = gauges.flatMap(({ gauge, above, below }) => [
    ...(above === undefined ? [] : [`max(${selector(gauge)}) > bool ${above}`]),
    ...(below === undefined ? [] : [`min(${selector(gauge)}) < bool ${below}`]),
  ])
  if (gauges.length > 1) return `clamp_max((${tests.map((test) => `(${test} or vector(0))`).join(' + ')}), 1)`
  return tests.length === 1 ? (tests[0] as string) : `clamp_max((${tests.join(') + (')}), 1)`
}

/** What a monthly objective counts: every node says the same, so that one of them is asked, each series by itself. */
const standing = (selectors: readonly Selector[]) =>
  selectors.map((one) => `(sum(max without (instance, job, region, pod) (${selector(one)})) or vector(0))`).join(' + ')

/** The share of bad events in a window, as PromQL. Looks at a gauge are recorded first: a window of days reads one series. */
export function badShare({ name, indicator }: Objective, window: string): string {
  if (indicator.kind === 'ratio') return `(${rates(indicator.bad, window)}) / (${rates(indicator.total, window)})`
  if (indicator.kind === 'monthly') return `(${standing(indicator.bad)}) / (${standing(indicator.total)})`
  if (indicator.kind === 'gauge' || indicator.kind === 'gauges')
    return `avg_over_time(${recordedNow}{objective="${name}"}[${window}])`
  // Older Prometheus keeps a whole bound as each format writes it: `1`, and `1.0` in OpenMetrics.
  const bound = indicator.overSeconds
  const le = Number.isInteger(bound) ? `le=~"${bound}|${bound}.0"` : `le="${bound}"`
  const fast = selector(indicator.histogram, '_bucket', [le])
  return `1 - sum(rate(${fast}[${window}])) / sum(rate(${selector(indicator.histogram, '_count')}[${window}]))`
}

const recordedNow = 'gatehouse_slo:bad:now'
const recorded = 'gatehouse_slo:bad:ratio'
const windows = [...new Set(burnRules.flatMap(({ longMs, shortMs }) => [longMs, shortMs]))].sort((a, b) => a - b)
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Recording and alerting rules, a group an objective. */
export function prometheusRules(objectives: readonly Objective[], docs: string): string {
  const lines = ['groups:']
  for (const objective of objectives) {
    const { name, target, says, component, runbook, indicator } = objective
    const address = runbook.startsWith('https://') ? runbook : `${docs}/runbooks/${runbook}.md`
    const annotations = [`          summary: ${literal(says)}`, `          runbook_url: ${literal(address)}`]
    lines.push(`  - name: gatehouse-${name}`, '    rules:')
    if (indicator.kind === 'monthly') {
      const [bad, total] = [standing(indicator.bad), standing(indicator.total)]
      lines.push(
        `      - alert: ${alertName(name)}`,
        `        expr: ${literal(`(${bad}) > clamp_min((${total}) * ${Number((1 - target).toPrecision(6))}, 1)`)}`,
        `        labels: { severity: ${objective.severity}, objective: ${name}, component: ${component}, burn: spent }`,
        '        annotations:',
        ...annotations,
      )
      continue
    }
    if (indicator.kind === 'gauge' || indicator.kind === 'gauges')
      lines.push(
        `      - record: ${recordedNow}`,
        `        expr: ${literal(outside(indicator.kind === 'gauge' ? [indicator] : indicator.any))}`,
        `        labels: { objective: ${name} }`,
      )
    for (const ms of windows) {
      lines.push(
        `      - record: ${recorded}`,
        `        expr: ${literal(badShare(objective, duration(ms)))}`,
        `        labels: { objective: ${name}, window: ${literal(duration(ms))} }`,
      )
    }
    for (const rule of burnRules) {
      const limit = (Math.min(rule.rate, 0.999 / (1 - target)) * (1 - target)).toPrecision(6)
      const over = (ms: number) => `${recorded}{objective="${name}",window="${duration(ms)}"} > ${Number(limit)}`
      const severity = objective.severity === 'page' ? rule.severity : 'ticket'
      lines.push(
        `      - alert: ${alertName(name)}`,
        `        expr: ${literal(`max without (window) (${over(rule.longMs)}) and max without (window) (${over(rule.shortMs)})`)}`,
        `        labels: { severity: ${severity}, objective: ${name}, component: ${component}, burn: ${rule.name} }`,
        '        annotations:',
        ...annotations,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

export const alertName = (objective: string): string =>
  `Gatehouse${objective
    .split('-')
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join('')}`
