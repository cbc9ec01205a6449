import type { Registry } from 'prom-client'
import { activeSpan, type Span } from './span.ts'

/**
 * Instruments for the paths of every request: `prom-client`'s own hash their labels at each observation, which costs as much
 * as a decision. Series are looked up by one key here, and are told to the same registry in the same form.
 */
type Labels<L extends string> = Readonly<Record<L, string>>

interface Value {
  readonly value: number
  readonly labels: Record<string, string | number>
  readonly metricName?: string
  readonly exemplar?: Exemplar
}

/** One observation of a bucket that was traced (OpenMetrics 1.0 §4.6.1). */
interface Exemplar {
  readonly labelSet: { readonly trace_id: string; readonly span_id: string }
  readonly value: number
  readonly timestamp: number
}

const none: Value[] = []

function register(registry: Registry, metric: { name: string; help: string; type: string; get(): Promise<unknown> }) {
  registry.registerMetric(metric as never)
}

/** One series of a histogram: count in each bucket, and their sum. */
export class HotSeries {
  readonly counts: Float64Array
  sum = 0
  /** By bucket; there once something was traced. */
  exemplars: (Exemplar | undefined)[] | undefined
  readonly #buckets: readonly number[]
  constructor(buckets: readonly number[]) {
    this.#buckets = buckets
    this.counts = new Float64Array(buckets.length + 1)
  }

  /** @param span the step that took this long, where it is recorded: the bucket leads to its trace */
  observe(seconds: number, span: Span | undefined = activeSpan(), times = 1): void {
    const buckets = this.#buckets
    let at = 0
    while (at < buckets.length && seconds > (buckets[at] as number)) at++
    this.counts[at] = (this.counts[at] as number) + times
    this.sum += seconds * times
    if (span === undefined) return
    this.exemplars ??= []
    const { traceId, spanId } = span
    this.exemplars[at] = {
      labelSet: { trace_id: traceId, span_id: spanId },
      value: seconds,
      timestamp: Date.now() / 1_000,
    }
  }
}

export class HotHistogram<L extends string> {
  readonly #series = new Map<string, { labels: Labels<L>; series: HotSeries }>()
  readonly #buckets: readonly number[]

  constructor(registry: Registry, name: string, help: string, buckets: readonly number[]) {
    this.#buckets = buckets
    register(registry, {
      name,
      help,
      type: 'histogram',
      get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: this.#values(name) }),
    })
  }

  /** The series of these labels, made when first asked for: `key` stands for them and is the caller's to choose. */
  series(key: string, labels: () => Labels<L>): HotSeries {
    let found = this.#series.get(key)
    if (found === undefined) {
      found = { labels: labels(), series: new HotSeries(this.#buckets) }
      this.#series.set(key, found)
    }
    return found.series
  }

  #values(name: string): Value[] {
    const values: Value[] = []
    for (const { labels, series } of this.#series.values()) {
      let below = 0
      this.#buckets.forEach((le, at) => {
        below += series.counts[at] as number
        values.push({
          metricName: `${name}_bucket`,
          labels: { le, ...labels },
          value: below,
          ...exemplarOf(series, at),
        })
      })
      below += series.counts[this.#buckets.length] as number
      const beyond = exemplarOf(series, this.#buckets.length)
      values.push({ metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: below, ...beyond })
      values.push({ metricName: `${name}_sum`, labels: { ...labels }, value: series.sum })
      values.push({ metricName: `${name}_count`, labels: { ...labels }, value: below })
    }
    return values.length === 0 ? none : values
  }
}

const nothing = {}

function exemplarOf({ exemplars }: HotSeries, at: number): { exemplar?: Exemplar } {
  const exemplar = exemplars?.[at]
  return exemplar === undefined ? nothing : { exemplar }
}

export class HotCounter<L extends string> {
  readonly #counts = new Map<string, { labels: Partial<Labels<L>>; count: number }>()

  constructor(registry: Registry, name: string, help: string) {
    register(registry, {
      name,
      help,
      type: 'counter',
      get: async () => ({
        name,
        help,
        type: 'counter',
        aggregator: 'sum',
        values: [...this.#counts.values()].map(({ labels, count }) => ({ labels: { ...labels }, value: count })),
      }),
    })
  }

  add(key: string, labels: () => Partial<Labels<L>>, by = 1): void {
    this.cell(key, labels).count += by
  }

  /** The series of these labels, to be counted up in place: for those who keep it. */
  cell(key: string, labels: () => Partial<Labels<L>>): { count: number } {
    let found = this.#counts.get(key)
    if (found === undefined) {
      found = { labels: labels(), count: 0 }
      this.#counts.set(key, found)
    }
    return found
  }
}
