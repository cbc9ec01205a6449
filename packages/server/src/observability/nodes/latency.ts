/** Observations in the buckets of a histogram: `counts` has one more, of those beyond the last bound. */
export interface Latency {
  /** Upper ends in seconds, ascending. */
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
}

/** Histograms that a history is kept of, by the name the API has for them. */
export const latencyMetrics = {
  tokens: 'token_issuance_duration_seconds',
  decisions: 'authorization_decision_duration_seconds',
  'sign-in': 'authentication_attempt_duration_seconds',
  outside: 'outgoing_request_duration_seconds',
} as const
export type LatencyMetric = keyof typeof latencyMetrics

export const sumOf = ({ counts }: Latency): number => counts.reduce((sum, count) => sum + count, 0)

/** The sum of two; the second where their bounds differ, as after an upgrade. */
export function add(a: Latency | undefined, b: Latency): Latency {
  if (a === undefined || a.bounds.join() !== b.bounds.join()) return b
  return { bounds: b.bounds, counts: b.counts.map((count, at) => count + (a.counts[at] ?? 0)) }
}

/** As Prometheus' `histogram_quantile`: within its bucket by a straight line; beyond the last bound, that bound. */
export function quantile(latency: Latency, share: number): number | undefined {
  const wanted = sumOf(latency) * share
  if (wanted === 0) return undefined
  let below = 0
  for (const [at, bound] of latency.bounds.entries()) {
    const own = latency.counts[at] ?? 0
    const start = at === 0 ? 0 : (latency.bounds[at - 1] as number)
    if (below + own >= wanted) return start + ((bound - start) * (wanted - below)) / own
    below += own
  }
  return latency.bounds.at(-1)
}

/** Sums of `steps` equal parts of the window that ends with the minute of `toMs`, the oldest first. */
export function columns(
  minutes: readonly (Latency & { readonly bucket: number })[],
  toMs: number,
  windowMs: number,
  steps: number,
): { readonly bounds: number[]; readonly columns: { readonly atMs: number; readonly counts: number[] }[] } {
  const minuteMs = 60_000
  const each = Math.max(minuteMs, Math.ceil(windowMs / steps / minuteMs) * minuteMs)
  const end = (Math.floor(toMs / each) + 1) * each
  const first = end - Math.ceil(windowMs / each) * each
  const newest = minutes.reduce((a, b) => (b.bucket >= (a?.bucket ?? 0) ? b : a), minutes[0])
  const bounds = [...(newest?.bounds ?? [])]
  const found = Array.from({ length: Math.ceil(windowMs / each) }, (_, at) => ({
    atMs: first + at * each,
    counts: new Array<number>(bounds.length + 1).fill(0),
  }))
  for (const { bucket, counts, bounds: own } of minutes) {
    const column = found[Math.floor((bucket - first) / each)]
    if (column === undefined || own.join() !== bounds.join()) continue
    for (const [at, count] of counts.entries()) column.counts[at] = (column.counts[at] ?? 0) + count
  }
  return { bounds, columns: found }
}
