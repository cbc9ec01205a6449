import type { Registry } from 'prom-client'

/** OpenMetrics 1.0, which carries exemplars beside the buckets of histograms. */
export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>
  readonly value: number
  /** Seconds since the epoch. */
  readonly timestamp: number
}

interface Value {
  readonly value: number
  readonly metricName?: string
  readonly labels?: Readonly<Record<string, string | number>>
  readonly exemplar?: Exemplar
}

/** `prom-client` says so too, but renames its counters for good when it does, and ordinary scrapes lose their names. */
export async function exposeOpenMetrics(registry: Registry): Promise<string> {
  const lines: string[] = []
  for (const metric of await registry.getMetricsAsJSON()) {
    const {
      name,
      help,
      type,
      values = [],
    } = metric as unknown as {
      name: string
      help: string
      type: string
      values?: readonly Value[]
    }
    const counts = type === 'counter'
    const family = counts ? name.replace(/_total$/, '') : name
    lines.push(`# TYPE ${family} ${type}`, `# HELP ${family} ${escaped(help)}`)
    for (const { metricName, labels = {}, value, exemplar } of values) {
      const sample = counts ? `${family}_total` : (metricName ?? name)
      lines.push(`${sample}${written(labels)} ${number(value)}${exemplar ? exemplarOf(exemplar) : ''}`)
    }
  }
  return `${lines.join('\n')}\n# EOF\n`
}

const exemplarOf = ({ labelSet, value, timestamp }: Exemplar) =>
  ` # ${written(labelSet)} ${number(value)} ${timestamp.toFixed(3)}`

function written(labels: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(labels)
  if (pairs.length === 0) return ''
  return `{${pairs.map(([name, value]) => `${name}="${name === 'le' || name === 'quantile' ? bound(value) : escaped(String(value))}"`).join(',')}}`
}

/** Bounds are floats and look it: `1.0`. */
const bound = (value: string | number) =>
  typeof value === 'number' && Number.isInteger(value) ? value.toFixed(1) : String(value)

function number(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

const escaped = (text: string) => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"')
