import type { Clock, Meter } from '#kernel'

/** How an outside host does for this node. */
export interface HostReport {
  readonly host: string
  /** Of the last hour, at most the newest `keptMost`. */
  readonly requests: number
  /** Of these, those that failed: no answer, or a status of 400 and above. */
  readonly failures: number
  /** Of those that were answered. */
  readonly p95Ms?: number
  readonly lastAtMs: number
  readonly lastFailedAtMs?: number
  /** What went wrong last: a status, or that nothing came. */
  readonly failure?: string
}

interface Noted {
  readonly atMs: number
  readonly ms: number
  /** Undefined when it was answered well. */
  readonly failure: string | undefined
}

const hostsMost = 1_000
const keptMost = 50
const hourMs = 3_600_000
const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** How long outside hosts take to answer, and how often they do not: in sum as a metric, by host for whoever looks for a cause. */
export class OutgoingTimes {
  readonly #clock: Clock
  readonly #duration
  readonly #hosts = new Map<string, Noted[]>()

  constructor({ clock, meter }: { readonly clock: Clock; readonly meter: Meter }) {
    this.#clock = clock
    this.#duration = meter.hotSeconds<'outcome'>(
      'outgoing_request_duration_seconds',
      'Requests of Gatehouse to outside hosts: issuers, receivers, sinks; by outcome: ok, refused (4xx), failed',
      buckets,
    )
    for (const outcome of ['ok', 'refused', 'failed'] as const) this.#duration.series(outcome, () => ({ outcome }))
  }

  /** @param status undefined when nothing usable came */
  note(host: string, ms: number, status: number | undefined): void {
    const outcome = status === undefined || status >= 500 ? 'failed' : status >= 400 ? 'refused' : 'ok'
    this.#duration.series(outcome, () => ({ outcome })).observe(ms / 1_000)
    const failure = outcome === 'ok' ? undefined : status === undefined ? 'no answer' : `status ${status}`
    const before = this.#hosts.get(host) ?? []
    this.#hosts.delete(host)
    if (this.#hosts.size >= hostsMost) this.#hosts.delete(this.#hosts.keys().next().value as string)
    this.#hosts.set(host, [...before.slice(1 - keptMost), { atMs: this.#clock.nowMs(), ms, failure }])
  }

  /** Hosts that were asked within the last hour, the most asked first, at most `limit`. */
  report(limit: number): HostReport[] {
    const since = this.#clock.nowMs() - hourMs
    const reports = [...this.#hosts].flatMap(([host, all]) => {
      const noted = all.filter(({ atMs }) => atMs >= since)
      const last = noted.at(-1)
      if (last === undefined) return []
      const answered = noted.filter(({ failure }) => failure === undefined).map(({ ms }) => ms)
      const failed = noted.filter(({ failure }) => failure !== undefined)
      const lastFailed = failed.at(-1)
      const p95Ms = answered.sort((a, b) => a - b)[Math.ceil(answered.length * 0.95) - 1]
      return [
        {
          host,
          requests: noted.length,
          failures: failed.length,
          ...(p95Ms !== undefined && { p95Ms: Math.round(p95Ms) }),
          lastAtMs: last.atMs,
          ...(lastFailed !== undefined && { lastFailedAtMs: lastFailed.atMs, failure: lastFailed.failure as string }),
        },
      ]
    })
    return reports.sort((a, b) => b.requests - a.requests).slice(0, limit)
  }
}
