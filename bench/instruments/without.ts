// The server with every instrument silenced: they are there and measure nothing.
import { Counter, Gauge, Histogram } from 'prom-client'
import { HotCounter, HotSeries } from '../../packages/server/src/kernel/hot-instruments.ts'

const nothing = () => undefined
for (const [kind, names] of [
  [Counter, ['inc']],
  [Gauge, ['inc', 'dec', 'set']],
  [Histogram, ['observe']],
  [HotCounter, ['add']],
  [HotSeries, ['observe']],
] as const)
  for (const name of names) (kind.prototype as unknown as Record<string, unknown>)[name] = nothing

await import('../../packages/server/src/main.ts')
