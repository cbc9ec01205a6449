/** What a sample of durations says, in nanoseconds a call. */
export type Spread = { median: number; p99: number }

/**
 * Times batches of calls with the nanosecond clock, after a warm-up: each sample is one batch's mean, so that the clock
 * itself is not what is measured.
 * @param budgetMs wall time to spend; slow calls get fewer samples, never fewer than 20
 */
export function timeBatches(call: (at: number) => void, batch: number, budgetMs: number): Spread {
  let at = 0
  const once = () => {
    const started = process.hrtime.bigint()
    for (let count = 0; count < batch; count++) call(at++)
    return Number(process.hrtime.bigint() - started) / batch
  }
  const warmUntil = performance.now() + budgetMs / 2
  while (performance.now() < warmUntil) once()
  const samples: number[] = []
  const until = performance.now() + budgetMs
  while (performance.now() < until || samples.length < 20) samples.push(once())
  samples.sort((a, b) => a - b)
  return { median: quantile(samples, 0.5), p99: quantile(samples, 0.99) }
}

export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] as number
}

export const ns = (value: number) =>
  value < 10_000
    ? `${value.toFixed(0)} ns`
    : value < 1e7
      ? `${(value / 1e3).toFixed(1)} µs`
      : `${(value / 1e6).toFixed(1)} ms`
