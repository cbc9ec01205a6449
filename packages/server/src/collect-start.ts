import { performance } from 'node:perf_hooks'

const afterMs = 2_000
/** Share of the time that the server did something, and bytes in use, beyond which it is left alone: a pause would be felt. */
const busiest = 0.1
const largest = 200e6

/**
 * Collects what the start has left, once, if nobody asks anything just then: 30 MB of an idle server that V8 would keep until load comes,
 * and that pay for a young generation that load profits from. Needs `--expose-gc`, which `npm start` gives; without, nothing happens.
 */
export function collectAfterStart(): void {
  const { gc } = globalThis
  if (gc === undefined) return
  const began = performance.eventLoopUtilization()
  const timer = setTimeout(() => {
    if (performance.eventLoopUtilization(began).utilization > busiest) return
    if (process.memoryUsage().heapUsed > largest) return
    gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, afterMs)
  timer.unref()
}
