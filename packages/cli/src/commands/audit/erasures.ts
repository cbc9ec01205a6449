const statement = '"type":"audit.entries_erased"'

/** Gathers which entries a log is without the bodies of, and which of them its own signed entries say were erased. */
export class Erasures {
  readonly #gone: [first: number, last: number][] = []
  readonly #said: [first: number, last: number][] = []

  /** @param body one that hashes to its leaf */
  read(body: string): void {
    if (!body.includes(statement)) return
    const { type, data } = JSON.parse(body) as { type?: unknown; data?: { entries?: unknown } }
    if (type !== 'audit.entries_erased' || typeof data?.entries !== 'string') return
    for (const part of data.entries.split(',')) {
      const [first, last = first] = part.split('-').map(Number) as [number, number?]
      if (Number.isSafeInteger(first) && Number.isSafeInteger(last)) this.#said.push([first, last])
    }
  }

  /** An entry without its body; told in order of position. */
  add(position: number): void {
    const before = this.#gone.at(-1)
    if (before !== undefined && before[1] === position - 1) before[1] = position
    else this.#gone.push([position, position])
  }

  /** Entries without a body of which nothing says that they were erased: how many, and the first. */
  unsaid(): { count: number; first: number | undefined } {
    const said = this.#said.sort((a, b) => a[0] - b[0])
    let count = 0
    let first: number | undefined
    let at = 0
    for (const [from, to] of this.#gone) {
      let next = from
      while (next <= to) {
        while (at < said.length && (said[at] as [number, number])[1] < next) at++
        const range = said[at]
        if (range !== undefined && range[0] <= next) {
          next = range[1] + 1
          continue
        }
        const end = Math.min(to, (range?.[0] ?? Number.POSITIVE_INFINITY) - 1)
        first ??= next
        count += end - next + 1
        next = end + 1
      }
    }
    return { count, first }
  }
}
