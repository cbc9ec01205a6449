import type { Count } from './objective.ts'

export const minuteMs = 60_000
/** Three days of minutes: the longest window that alerts look through. */
const kept = 3 * 24 * 60

/** Bad and all events of one objective, minute by minute; what is older than three days falls out. */
export class Minutes {
  readonly #bad = new Float64Array(kept)
  readonly #total = new Float64Array(kept)
  #newest = 0
  /** Of a monthly objective: what its gauges said last. */
  standing: Count | undefined

  /** Replaces what is known of a minute (milliseconds of its beginning). */
  set(minuteStartMs: number, { bad, total }: Count): void {
    const minute = Math.floor(minuteStartMs / minuteMs)
    if (minute <= this.#newest - kept) return
    this.#advance(minute)
    this.#bad[minute % kept] = bad
    this.#total[minute % kept] = total
  }

  #advance(minute: number): void {
    if (minute <= this.#newest) return
    for (let at = Math.max(this.#newest + 1, minute - kept + 1); at <= minute; at++) {
      this.#bad[at % kept] = 0
      this.#total[at % kept] = 0
    }
    this.#newest = minute
  }

  /** The sum over the window that ends now, the minute that has begun included. */
  over(nowMs: number, windowMs: number): Count {
    const last = Math.floor(nowMs / minuteMs)
    const first = Math.max(last - Math.ceil(windowMs / minuteMs) + 1, this.#newest - kept + 1, 0)
    let bad = 0
    let total = 0
    for (let at = Math.min(last, this.#newest); at >= first; at--) {
      bad += this.#bad[at % kept] as number
      total += this.#total[at % kept] as number
    }
    return { bad, total }
  }

  /** Sums of `steps` equal parts of the window before `toMs`, the oldest first. */
  series(toMs: number, windowMs: number, steps: number): (Count & { readonly atMs: number })[] {
    const each = Math.max(minuteMs, Math.ceil(windowMs / steps / minuteMs) * minuteMs)
    const end = (Math.floor(toMs / each) + 1) * each
    return Array.from({ length: steps }, (_, index) => {
      const atMs = end - (steps - index) * each
      return { atMs, ...this.over(atMs + each - 1, each) }
    })
  }
}
