/** A reader that takes this much less than it is sent is cut: it comes again by its cursor. */
const waitingMost = 64 * 2 ** 20

/** Lines on their way to one reader: a queue that ends when the reader goes, lags behind or the server closes. */
export class OpenStream {
  readonly endsAtMs: number
  #queue: string[] = []
  #waiting = 0
  #wake: (() => void) | undefined
  #ended = false

  /** @param endsAtMs monotonic; a stream lives so long, then its reader shows itself anew */
  constructor(endsAtMs: number) {
    this.endsAtMs = endsAtMs
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Adds a line without its line feed. */
  push(line: string): void {
    if (this.#ended) return
    this.#waiting += line.length
    if (this.#waiting > waitingMost) this.end()
    else this.#queue.push(line)
    this.#wake?.()
  }

  /** Nothing more is sent; what waits goes out first only if it is being read. */
  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *lines(): AsyncGenerator<string> {
    for (;;) {
      if (this.#queue.length > 0) {
        const lines = this.#queue
        this.#queue = []
        this.#waiting = 0
        yield `${lines.join('\n')}\n`
        continue
      }
      if (this.#ended) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }
}
