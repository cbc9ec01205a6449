import type { Registry } from 'prom-client'

/**
 * Instruments for the paths of every request: `prom-client`'s own hash their labels at each observation, which costs as much
 * as a decision. Series are looked up by one key here, and are told to the same registry in the same form.
 */
type Labels<L extends string> = Readonly<Record<L, string>>

interface Value {
  readonly value: number
  readonly labels: Record<string, string | number>
  readonly metricName?: string
}

const none: Value[] = []

function register(registry: Registry, metric: { name: string; help: string; type: string; get(): Promise<unknown> }) {
  registry.registerMetric(metric as never)
}

/** One series of a histogram: count in each bucket, and their sum. */
export class HotSeries {
  readonly counts: Float64Array
  sum = 0
  readonly #buckets: readonly number[]
  constructor(buckets: readonly number[]) {
    this.#buckets = buckets
    this.counts = new Float64Array(buckets.length + 1)
  }

  observe(seconds: number): void {
    const buckets = this.#buckets
    let at = 0
    while (at < buckets.length && seconds > (buckets[at] as number)) at++
    this.counts[at] = (this.counts[at] as number) + 1
    this.sum += seconds
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
        values.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: below })
      })
      below += series.counts[this.#buckets.length] as number
      values.push({ metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: below })
      values.push({ metricName: `${name}_sum`, labels: { ...labels }, value: series.sum })
      values.push({ metricName: `${name}_count`, labels: { ...labels }, value: below })
    }
    return values.length === 0 ? none : values
  }
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
    const found = this.#counts.get(key)
    if (found === undefined) this.#counts.set(key, { labels: labels(), count: by })
    else found.count += by
  }
}
