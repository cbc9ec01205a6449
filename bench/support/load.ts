import { Connection } from './connection.ts'
import { Latencies } from './percentiles.ts'

export interface LoadOptions {
  readonly url: URL
  /** The bytes to send; called for each request, so that bodies can differ. */
  readonly request: (index: number) => Buffer
  readonly seconds: number
  /** Seconds of the same load before it is measured. Default 1. */
  readonly warmUpSeconds?: number
  readonly connections?: number
  /** Default: any 2xx. */
  readonly accept?: (status: number, body: string) => boolean
}

export interface LoadResult {
  readonly latencies: Latencies
  readonly perSecond: number
  readonly failed: number
  /** The first answer that was not accepted. */
  readonly firstFailure: string | undefined
}

const openAll = (url: URL, count: number) =>
  Promise.all(Array.from({ length: count }, () => Connection.open(url.hostname, Number(url.port))))

/**
 * Open-loop load: a request is due every 1/`rate` seconds whatever the server does, and its latency counts from when it
 * was due, so a stall shows in every request it delayed (no coordinated omission).
 */
export async function loadAtRate(options: LoadOptions & { readonly rate: number }): Promise<LoadResult> {
  const { url, rate, seconds, warmUpSeconds = 1, connections = 64 } = options
  const run = new Run(options)
  const idle = await openAll(url, connections)
  const all = [...idle]
  const due: number[] = []
  const total = Math.round(rate * (warmUpSeconds + seconds))
  const measuredFrom = Math.round(rate * warmUpSeconds)
  const started = performance.now()
  let index = 0
  let ended = 0
  await new Promise<void>((resolve) => {
    const pump = () => {
      while (due.length > 0 && idle.length > 0) {
        const connection = idle.pop() as Connection
        const mine = due.shift() as number
        void run.send(connection, mine, started + (mine * 1_000) / rate, mine >= measuredFrom).then(() => {
          idle.push(connection)
          if (++ended === total) resolve()
          else pump()
        })
      }
    }
    const tick = () => {
      const now = Math.min(total, Math.floor(((performance.now() - started) * rate) / 1_000) + 1)
      while (index < now) due.push(index++)
      pump()
      if (index < total) setTimeout(tick, 1)
    }
    tick()
  })
  for (const connection of all) connection.close()
  return run.result((performance.now() - started) / 1_000 - warmUpSeconds)
}

/** Closed-loop load: every connection sends the next request as soon as it has its answer. For the highest throughput. */
export async function loadAtMost(options: LoadOptions): Promise<LoadResult> {
  const { url, seconds, warmUpSeconds = 1, connections = 16 } = options
  const run = new Run(options)
  const all = await openAll(url, connections)
  const from = performance.now() + warmUpSeconds * 1_000
  const until = from + seconds * 1_000
  let index = 0
  await Promise.all(
    all.map(async (connection) => {
      for (let now = performance.now(); now < until; now = performance.now())
        await run.send(connection, index++, now, now >= from)
    }),
  )
  for (const connection of all) connection.close()
  return run.result(seconds)
}

class Run {
  readonly #options: LoadOptions
  readonly #latencies = new Latencies()
  #failed = 0
  #firstFailure: string | undefined
  constructor(options: LoadOptions) {
    this.#options = options
  }

  async send(connection: Connection, index: number, dueAtMs: number, measured: boolean): Promise<void> {
    const { request, accept = (status: number) => status >= 200 && status < 300 } = this.#options
    try {
      const { status, body } = await connection.send(request(index))
      if (accept(status, body)) {
        if (measured) this.#latencies.add(performance.now() - dueAtMs)
        return
      }
      this.#fail(`${status} ${body.slice(0, 200)}`)
    } catch (error) {
      this.#fail(String(error))
    }
  }

  result(seconds: number): LoadResult {
    return {
      latencies: this.#latencies,
      perSecond: this.#latencies.count / seconds,
      failed: this.#failed,
      firstFailure: this.#firstFailure,
    }
  }

  #fail(why: string): void {
    this.#failed++
    this.#firstFailure ??= why
  }
}

/** @throws when any answer was not accepted: figures of failures are no figures */
export function requireClean(what: string, result: LoadResult): LoadResult {
  if (result.failed > 0)
    throw new Error(`${what}: ${result.failed} requests failed, the first with ${result.firstFailure}`)
  return result
}
