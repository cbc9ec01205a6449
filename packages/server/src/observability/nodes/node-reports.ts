import type { Clock, Meter } from '#kernel'
import type { Tx } from '#storage'
import type { OutgoingTimes } from '#web'
import { minuteMs } from '../slos/minutes.ts'
import { type LatencyMetric, latencyMetrics } from './latency.ts'
import { deleteNodesBefore, type LatencyMinute, saveLatencies, saveNode } from './node.store.ts'

export interface NodeDeps {
  readonly clock: Clock
  readonly meter: Meter
  /** As people know it; the host's name where nothing else is told. */
  readonly name: string
  /** Empty where none is set. */
  readonly region: string
  readonly outgoing: OutgoingTimes
}

/** How long columns of the heat map and reports of nodes are kept. */
export const historyMs = 24 * 60 * minuteMs
const hostsTold = 100

interface Told {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** What this node reports of itself: that it serves, how long things took, minute by minute, and how outside hosts do for it. */
export class NodeReports {
  readonly #deps: NodeDeps
  readonly #id: string
  readonly #startedAtMs: number
  /** By metric, what stood in its buckets at the last look. */
  readonly #last = new Map<LatencyMetric, readonly number[]>()
  readonly #minutes = new Map<string, LatencyMinute & { counts: number[] }>()

  constructor(id: string, deps: NodeDeps) {
    this.#deps = deps
    this.#id = id
    this.#startedAtMs = deps.clock.nowMs()
  }

  /** Takes what happened since the last look into the running minute. */
  async take(nowMs: number): Promise<void> {
    for (const metric of Object.keys(latencyMetrics) as LatencyMetric[]) {
      const { bounds, counts } = await this.#read(latencyMetrics[metric])
      const before = this.#last.get(metric) ?? []
      this.#last.set(metric, counts)
      const grown = counts.map((count, at) => Math.max(0, count - (before[at] ?? 0)))
      if (grown.every((count) => count === 0)) continue
      const bucket = Math.floor(nowMs / minuteMs) * minuteMs
      const key = `${metric} ${bucket}`
      const had = this.#minutes.get(key)
      if (had !== undefined) had.counts = had.counts.map((count, at) => count + (grown[at] ?? 0))
      else {
        const { region } = this.#deps
        this.#minutes.set(key, { bucket, metric, node: this.#id, region, bounds, counts: grown })
      }
    }
  }

  async save(tx: Tx, nowMs: number): Promise<void> {
    const { name, region, outgoing } = this.#deps
    await saveLatencies(tx, [...this.#minutes.values()])
    const outside = outgoing.report(hostsTold)
    await saveNode(tx, { id: this.#id, name, region, startedAtMs: this.#startedAtMs, seenAtMs: nowMs, outside })
  }

  /** Forgets minutes that have ended and are stored. */
  stored(nowMs: number): void {
    for (const [key, { bucket }] of this.#minutes) if (bucket + minuteMs <= nowMs) this.#minutes.delete(key)
  }

  async tidy(tx: Tx, nowMs: number): Promise<void> {
    await deleteNodesBefore(tx, nowMs - historyMs - 60 * minuteMs)
  }

  /** A histogram's buckets, each by itself, summed over its labels. */
  async #read(name: string): Promise<{ bounds: number[]; counts: number[] }> {
    const metric = this.#deps.meter.registry.getSingleMetric(name)
    const values = metric === undefined ? [] : ((await metric.get()).values as readonly Told[])
    const upTo = new Map<number, number>()
    for (const { metricName, labels, value } of values) {
      if (metricName?.endsWith('_bucket') !== true) continue
      const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le)
      upTo.set(bound, (upTo.get(bound) ?? 0) + value)
    }
    const sorted = [...upTo].sort(([a], [b]) => a - b)
    return {
      bounds: sorted.map(([bound]) => bound).filter(Number.isFinite),
      counts: sorted.map(([, count], at) => count - (sorted[at - 1]?.[1] ?? 0)),
    }
  }
}
