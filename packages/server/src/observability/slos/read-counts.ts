import type { Meter } from '#kernel'
import type { Count, Objective, Selector } from './objective.ts'

interface Value {
  readonly value: number
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
}

/** The instruments read off once: each metric is asked once a look, however many objectives use it. */
export class Reading {
  readonly #meter: Meter
  readonly #asked = new Map<string, Promise<readonly Value[]>>()

  constructor(meter: Meter) {
    this.#meter = meter
  }

  #values(metric: string): Promise<readonly Value[]> {
    let asked = this.#asked.get(metric)
    if (asked === undefined) {
      const found = this.#meter.registry.getSingleMetric(metric)
      asked =
        found === undefined ? Promise.resolve([]) : Promise.resolve(found.get()).then(({ values }) => values as Value[])
      this.#asked.set(metric, asked)
    }
    return asked
  }

  async #matching({ metric, labels }: Selector): Promise<Value[]> {
    const wanted = Object.entries(labels ?? {})
    return (await this.#values(metric)).filter(({ labels: own }) =>
      wanted.every(([label, values]) => values.includes(String(own[label] ?? ''))),
    )
  }

  async #sum(selectors: readonly Selector[]): Promise<number> {
    let sum = 0
    for (const selector of selectors) for (const { value } of await this.#matching(selector)) sum += value
    return sum
  }

  /** Bad and all since the process started; for a gauge this one look, or undefined while nothing can be read. */
  async count({ indicator }: Objective): Promise<Count | undefined> {
    if (indicator.kind === 'ratio')
      return { bad: await this.#sum(indicator.bad), total: await this.#sum(indicator.total) }
    if (indicator.kind === 'latency') {
      let total = 0
      let fast = 0
      for (const { metricName, labels, value } of await this.#matching(indicator.histogram)) {
        if (metricName?.endsWith('_count')) total += value
        else if (Number(labels.le) === indicator.overSeconds) fast += value
      }
      return { bad: total - fast, total }
    }
    if (indicator.kind === 'monthly')
      return { bad: await this.#sum(indicator.bad), total: await this.#sum(indicator.total) }
    let looks = 0
    let outside = false
    for (const bounds of indicator.kind === 'gauge' ? [indicator] : indicator.any) {
      const { above = Number.POSITIVE_INFINITY, below = Number.NEGATIVE_INFINITY } = bounds
      const values = await this.#matching(bounds.gauge)
      looks += values.length
      outside ||= values.some(({ value }) => value > above || value < below)
    }
    return looks === 0 ? undefined : { bad: outside ? 1 : 0, total: 1 }
  }
}
