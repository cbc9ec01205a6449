/** Latencies in milliseconds, kept whole; `percentile` sorts once. */
export class Latencies {
  readonly #ms: number[] = []
  #sorted = true

  add(ms: number): void {
    this.#ms.push(ms)
    this.#sorted = false
  }

  get count(): number {
    return this.#ms.length
  }

  /**
   * The smallest value that at least `p` percent of all values do not exceed (nearest rank).
   * @param p above 0, at most 100
   */
  percentile(p: number): number {
    if (this.#ms.length === 0) throw new RangeError('nothing was measured')
    if (!this.#sorted) this.#ms.sort((left, right) => left - right)
    this.#sorted = true
    return this.#ms[Math.max(0, Math.ceil((p / 100) * this.#ms.length) - 1)] as number
  }

  get mean(): number {
    return this.#ms.reduce((sum, ms) => sum + ms, 0) / this.#ms.length
  }
}

/** The middle one (of an even number, the upper middle). */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('nothing was measured')
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] as number
}
