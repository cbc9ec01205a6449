// The server with a switch on its instruments: SIGUSR2 silences them, or lets them measure again. Within one process, for two of the
// same program differ by more than instruments cost: where their memory lies, and what their compiler met first.
import { Counter, Gauge, Histogram } from 'prom-client'
import { HotCounter, HotSeries } from '../../packages/server/src/kernel/hot-instruments.ts'
import { Watch } from '../../packages/server/src/observability/slos/watch.ts'

const instruments = { on: true }
type Method = (this: unknown, ...args: unknown[]) => unknown

for (const [kind, names] of [
  [Counter, ['inc']],
  [Gauge, ['inc', 'dec', 'set']],
  [Histogram, ['observe']],
  [HotCounter, ['add']],
  [HotSeries, ['observe']],
  [Watch, ['look']],
] as const)
  for (const name of names) {
    const prototype = kind.prototype as unknown as Record<string, Method>
    const measure = prototype[name] as Method
    prototype[name] = function (...args) {
      return instruments.on ? measure.apply(this, args) : undefined
    }
  }

process.on('SIGUSR2', () => {
  instruments.on = !instruments.on
  process.stdout.write(`instruments ${instruments.on ? 'on' : 'off'}\n`)
})

await import('../../packages/server/src/main.ts')
