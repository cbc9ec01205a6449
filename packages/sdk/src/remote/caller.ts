import type { Surroundings } from '../clock.ts'
import { GatehouseError } from '../errors.ts'
import { RetryBudget } from './retry-budget.ts'

export interface CallerOptions {
  /** For one attempt. Default 2 s. */
  readonly attemptMs?: number
  /** For all attempts together. Default 5 s. */
  readonly totalMs?: number
  /** Default 3, the first included. */
  readonly attempts?: number
  readonly fetch?: typeof fetch
}

export interface Call {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

const bytesMost = 16 * 2 ** 20
const retried = new Set([429, 502, 503, 504])

/** Sends requests that are safe to repeat: with time-outs, and with retries within a budget that all callers share. */
export class Caller {
  readonly #options: Required<CallerOptions>
  readonly #surroundings: Surroundings
  readonly #budget = new RetryBudget()

  constructor(options: CallerOptions, surroundings: Surroundings) {
    this.#options = { attemptMs: 2_000, totalMs: 5_000, attempts: 3, fetch: globalThis.fetch, ...options }
    this.#surroundings = surroundings
  }

  /** @throws {GatehouseError} `remote.unavailable` when no attempt was answered, or all with a refusal to serve */
  async call(call: Call): Promise<Answer> {
    const { attempts, totalMs } = this.#options
    const untilMs = this.#surroundings.monotonicMs() + totalMs
    let failure: unknown
    let retryAfterSeconds: number | undefined
    for (let attempt = 1; ; attempt++) {
      const leftMs = untilMs - this.#surroundings.monotonicMs()
      if (leftMs <= 0) break
      let waitMs = 50 * 2 ** (attempt - 1) * (0.5 + this.#surroundings.random())
      try {
        const answer = await this.#attempt(call, leftMs)
        if (!retried.has(answer.status)) {
          this.#budget.succeeded()
          return answer
        }
        failure = new Error(`${call.url} answered ${answer.status}`)
        retryAfterSeconds = readSeconds(answer.headers.get('retry-after'))
        if (retryAfterSeconds !== undefined) waitMs = Math.max(waitMs, retryAfterSeconds * 1_000)
      } catch (error) {
        if (call.signal?.aborted) throw error
        failure = error
      }
      this.#budget.failed()
      if (attempt >= attempts || !this.#budget.allowsRetry) break
      if (this.#surroundings.monotonicMs() + waitMs >= untilMs) break
      await sleep(waitMs, call.signal)
    }
    throw new GatehouseError('remote.unavailable', 'Gatehouse cannot be reached, or does not serve now', {
      cause: failure,
      retryAfterSeconds: retryAfterSeconds ?? 1,
    })
  }

  async #attempt({ url, method, headers, body, signal }: Call, leftMs: number): Promise<Answer> {
    const timeout = AbortSignal.timeout(Math.ceil(Math.min(this.#options.attemptMs, leftMs)))
    const response = await this.#options.fetch(url, {
      method,
      headers,
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      ...(body !== undefined && { body }),
    })
    const declared = Number(response.headers.get('content-length') ?? 0)
    if (declared > bytesMost) {
      await response.body?.cancel()
      throw new Error(`an answer of ${declared} bytes`)
    }
    return { status: response.status, headers: response.headers, body: await response.text() }
  }
}

function readSeconds(text: string | null): number | undefined {
  return text !== null && /^\d{1,5}$/.test(text) ? Number(text) : undefined
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
