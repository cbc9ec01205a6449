import type { Surroundings } from '../clock.ts'
import { isObject } from '../tokens/jws.ts'
import { sleep } from './caller.ts'

export interface LineStreamOptions {
  /** Opens the stream. Its answer must be 200 with one JSON object a line. */
  readonly open: (signal: AbortSignal) => Promise<Response>
  /** One line, as text and read. Whatever this throws ends the connection and begins another. */
  readonly onLine: (line: Readonly<Record<string, unknown>>, freshness: Freshness) => void
  /** A new connection is there, before its first line. */
  readonly onOpen?: () => void
  readonly onError: (error: unknown) => void
  /** Reads a line. Default: `JSON.parse`. */
  readonly parse?: (text: string) => unknown
  /** Without a line for so long the connection counts as dead. Default 5 s. */
  readonly silenceMs?: number
}

const lineMost = 64 * 2 ** 20
const waitMostMs = 2_000

/**
 * How old what a stream told may be at most, whatever lies between: the server says by its own clock as of when its words hold, and
 * its first line lies after our request. So `asOf − atFirst` later than our request is the least its words can be worth.
 */
export class Freshness {
  readonly #askedAtMs: number
  #firstMs: number | undefined
  #asOfMs = Number.NEGATIVE_INFINITY

  constructor(askedAtMs: number) {
    this.#askedAtMs = askedAtMs
  }

  /** @param atMs the server's clock as its first line was written */
  begin(atMs: number): void {
    this.#firstMs ??= atMs
  }

  /** @param asOfMs the server's clock when everything then committed had been told */
  whole(asOfMs: number): void {
    if (this.#firstMs === undefined) return
    this.#asOfMs = Math.max(this.#asOfMs, this.#askedAtMs + asOfMs - this.#firstMs)
  }

  /** In our monotonic milliseconds; minus infinity before anything is known. */
  get asOfMs(): number {
    return this.#asOfMs
  }
}

/** Reads a stream of lines for ever: opens it again after a pause when it is cut, falls silent or says what cannot be read. */
export class LineStream {
  readonly #options: LineStreamOptions
  readonly #surroundings: Surroundings
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: LineStreamOptions, surroundings: Surroundings) {
    this.#options = options
    this.#surroundings = surroundings
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#follow(() => {
          failures = 0
        })
      } catch (error) {
        if (signal.aborted) return
        this.#options.onError(error)
      }
      const waitMs = Math.min(waitMostMs, 100 * 2 ** failures) * (0.5 + this.#surroundings.random())
      await sleep(waitMs, signal).catch(() => undefined)
    }
  }

  async #follow(onFirst: () => void): Promise<void> {
    const { open, onOpen, onLine, parse = JSON.parse, silenceMs = 5_000 } = this.#options
    const cut = new AbortController()
    const silent = () => cut.abort(new Error(`nothing came for ${silenceMs} ms`))
    let timer = setTimeout(silent, silenceMs)
    try {
      const freshness = new Freshness(this.#surroundings.monotonicMs())
      const response = await open(AbortSignal.any([cut.signal, this.#stop.signal]))
      if (response.status !== 200) {
        await response.body?.cancel()
        throw new Error(`the stream answered ${response.status}`)
      }
      onOpen?.()
      const decoder = new TextDecoder()
      let rest = ''
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer)
        timer = setTimeout(silent, silenceMs)
        const text = decoder.decode(chunk, { stream: true })
        let start = 0
        for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
          const line = parse(rest + text.slice(start, end))
          rest = ''
          start = end + 1
          if (!isObject(line)) throw new Error('a line of the stream is no object')
          onLine(line, freshness)
          onFirst()
        }
        rest += text.slice(start)
        if (rest.length > lineMost) throw new Error('a line of the stream has no end')
      }
      // What is left without its line feed was cut in the middle: it never was a line.
      throw new Error('the stream was cut')
    } finally {
      clearTimeout(timer)
      cut.abort()
    }
  }
}
