/** A binary heap of moments: the nearest is read in O(1). */
export class TimeHeap<T> {
  readonly #times: number[] = []
  readonly #items: T[] = []
  /** The nearest moment; `Infinity` when there is none. */
  nextMs = Number.POSITIVE_INFINITY

  push(timeMs: number, item: T): void {
    const times = this.#times
    const items = this.#items
    let at = times.length
    times.push(timeMs)
    items.push(item)
    while (at > 0) {
      const above = (at - 1) >> 1
      if ((times[above] as number) <= timeMs) break
      this.#move(above, at)
      at = above
    }
    times[at] = timeMs
    items[at] = item
    this.nextMs = times[0] as number
  }

  /** Removes and returns the nearest. @throws {TypeError} when empty */
  pop(): T {
    const times = this.#times
    const items = this.#items
    if (times.length === 0) throw new TypeError('the heap is empty')
    const first = items[0] as T
    const lastTime = times.pop() as number
    const lastItem = items.pop() as T
    const length = times.length
    if (length > 0) {
      let at = 0
      for (;;) {
        let below = 2 * at + 1
        if (below >= length) break
        if (below + 1 < length && (times[below + 1] as number) < (times[below] as number)) below++
        if ((times[below] as number) >= lastTime) break
        this.#move(below, at)
        at = below
      }
      times[at] = lastTime
      items[at] = lastItem
    }
    this.nextMs = length > 0 ? (times[0] as number) : Number.POSITIVE_INFINITY
    return first
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number
    this.#items[to] = this.#items[from] as T
  }
}
