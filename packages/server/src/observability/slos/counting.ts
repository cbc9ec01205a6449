import { minuteMs } from './minutes.ts'
import { type Count, isLook, type Objective } from './objective.ts'
import type { CountRow } from './slo.store.ts'

export const hourMs = 60 * minuteMs

/**
 * Turns what instruments say (sums since the start of the process) into what happened in the minute and the hour that run. An
 * instrument begins at zero, so the first look counts too.
 */
export class Counting {
  readonly #last = new Map<string, Count>()
  readonly #spans = new Map<string, CountRow>()

  /** Takes one look; rows of the running spans, whole, come back from `take`. */
  add(objective: Objective, now: Count, nowMs: number): void {
    const before = isLook(objective) ? { bad: 0, total: 0 } : (this.#last.get(objective.name) ?? { bad: 0, total: 0 })
    this.#last.set(objective.name, now)
    const bad = Math.max(0, now.bad - before.bad)
    const total = Math.max(0, now.total - before.total)
    if (total === 0) return
    for (const width of [minuteMs, hourMs]) {
      const bucket = Math.floor(nowMs / width) * width
      const key = `${width}:${bucket}:${objective.name}`
      const had = this.#spans.get(key)
      this.#spans.set(key, {
        objective: objective.name,
        width,
        bucket,
        bad: (had?.bad ?? 0) + bad,
        total: (had?.total ?? 0) + total,
      })
    }
  }

  rows(): CountRow[] {
    return [...this.#spans.values()]
  }

  /** Forgets spans that have ended and are stored. */
  stored(nowMs: number): void {
    for (const [key, { bucket, width }] of this.#spans) if (bucket + width <= nowMs) this.#spans.delete(key)
  }
}
