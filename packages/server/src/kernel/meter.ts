import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { HotCounter, HotHistogram } from './hot-instruments.ts'
import { exposeOpenMetrics } from './openmetrics.ts'

/** The process's instruments. Labels come from closed sets, never ids. */
export class Meter {
  readonly registry: Registry = new Registry()

  /** A counter; by Prometheus' convention its name ends in `_total`. */
  counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] })
  }

  /** A gauge; with `collect` it is read when scraped. */
  gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    collect?: (this: Gauge<L>) => void | Promise<void>,
  ): Gauge<L> {
    return new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      ...(collect && { collect }),
    })
  }

  /** A histogram of seconds with the given bucket bounds. */
  seconds<L extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly L[] = [],
  ): Histogram<L> {
    return new Histogram({ name, help, buckets, labelNames: [...labelNames], registers: [this.registry] })
  }

  /** As `seconds`, for what is observed at every request. */
  hotSeconds<L extends string>(name: string, help: string, buckets: readonly number[]): HotHistogram<L> {
    return new HotHistogram(this.registry, name, help, buckets)
  }

  /** As `counter`, for what is counted at every request. */
  hotCounter<L extends string>(name: string, help: string): HotCounter<L> {
    return new HotCounter(this.registry, name, help)
  }

  /** Adds the Node.js process metrics (memory, event loop, garbage collection). */
  measureProcess(): void {
    collectDefaultMetrics({ register: this.registry })
  }

  /** Puts labels on everything that is exposed, as the region of a node. */
  labelAll(labels: Readonly<Record<string, string>>): void {
    this.registry.setDefaultLabels(labels)
  }

  /** Prometheus text exposition format 0.0.4. */
  expose(): Promise<string> {
    return this.registry.metrics()
  }

  /** OpenMetrics 1.0, with the traces that lie behind the buckets. */
  exposeOpenMetrics(): Promise<string> {
    return exposeOpenMetrics(this.registry)
  }
}
