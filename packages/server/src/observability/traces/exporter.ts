import type { Meter } from '#kernel'
import type { OutgoingReply, OutgoingRequest } from '#web'
import { type Resource, toOtlp } from './otlp.ts'
import type { EndedSpan } from './span.ts'

export interface ExporterDeps {
  readonly send: (address: string, options: OutgoingRequest) => Promise<OutgoingReply>
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly resource: Resource
  readonly meter: Meter
  readonly onError: (where: string, error: unknown) => void
  /** Default 2,000. */
  readonly everyMs?: number
}

const waitingMost = 4_096
const batchMost = 512
/** A collector that says so, or does not answer, gets the batch again (OTLP/HTTP, "Retryable Response Codes"). */
const again = new Set([429, 502, 503, 504])
const attemptsMost = 4

/** Sends spans by OTLP/HTTP in batches. A collector that is slow or away costs spans, never a request. */
export class Exporter {
  readonly #deps: ExporterDeps
  readonly #spans
  readonly #waiting: EndedSpan[] = []
  readonly #timer: NodeJS.Timeout
  #sending: Promise<void> | undefined
  #closing = false
  #wake: (() => void) | undefined

  constructor(deps: ExporterDeps) {
    this.#deps = deps
    this.#spans = deps.meter.counter('traces_spans_total', 'Spans of recorded requests, by what became of them', [
      'outcome',
    ])
    this.#timer = setInterval(() => void this.flush(), deps.everyMs ?? 2_000)
    this.#timer.unref()
  }

  take = (span: EndedSpan): void => {
    if (this.#waiting.length >= waitingMost) this.#spans.inc({ outcome: 'dropped' })
    else this.#waiting.push(span)
  }

  /** Resolves when everything that waited has been sent, or given up. */
  flush(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  async close(): Promise<void> {
    this.#closing = true
    clearInterval(this.#timer)
    this.#wake?.()
    await this.#sending
    await this.flush()
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMost)
      const sent = await this.#send(batch).catch((error: unknown) => {
        this.#deps.onError('traces', error)
        return false
      })
      this.#spans.inc({ outcome: sent ? 'exported' : 'failed' }, batch.length)
    }
  }

  async #send(batch: readonly EndedSpan[]): Promise<boolean> {
    const { url, headers, resource, send } = this.#deps
    const body = JSON.stringify(toOtlp(batch, resource))
    for (let attempt = 1; ; attempt++) {
      const last = attempt === attemptsMost || this.#closing
      const reply = await send(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        timeoutMs: this.#closing ? 2_000 : 10_000,
      }).catch((error: unknown) => {
        if (last) throw error
        return undefined
      })
      if (reply !== undefined && reply.status < 300) return true
      if (reply !== undefined && (last || !again.has(reply.status)))
        throw new Error(`the collector answered ${reply.status}`)
      const seconds = Number(reply?.headers['retry-after'] ?? 2 ** (attempt - 1)) || 1
      await this.#pause(Math.min(seconds, 30) * 1_000)
    }
  }

  /** Ends early when everything does. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      timer.unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
