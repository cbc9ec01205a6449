// What instruments cost a decision over HTTP: one server whose instruments are silenced and let measure in turns, by its processor time.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { prepareDecisions } from '../decisions/prepare.ts'
import { type ChildServer, startChildServer } from '../support/child-server.ts'
import { threadSecondsOf } from '../support/cpu.ts'
import type { Figure } from '../support/figures.ts'
import { loadAtMost, requireClean } from '../support/load.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 24)
const seconds = 1

interface Loaded {
  readonly server: ChildServer
  readonly load: Awaited<ReturnType<typeof prepareDecisions>>
}

export async function run(): Promise<readonly Figure[]> {
  const stops: (() => unknown)[] = []
  const start = async (options: Partial<Parameters<typeof startChildServer>[0]>): Promise<Loaded> => {
    const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
    stops.push(() => rmSync(data, { recursive: true, force: true }))
    const server = await startChildServer({ data, program: 'bench/instruments/switched.ts', ...options })
    stops.push(() => server.stop())
    const load = await prepareDecisions(server.url, data)
    // Both ways are met by the compiler before anything is measured.
    for (let turn = 0; turn < 4; turn++) {
      requireClean('warming up', await loadAtMost({ ...load, seconds: 1, warmUpSeconds: 0 }))
      await turnSwitch(server)
    }
    return { server, load }
  }
  try {
    const own = await start({})
    const pairs: Pair[] = []
    for (let round = 0; round < rounds; round++) pairs.push(await measurePair(own, round))
    // Nobody listens there: what is recorded is given up.
    const traced = await start({ environment: { GATEHOUSE_TRACES_URL: 'http://127.0.0.1:9' } })
    const recording: number[] = []
    for (let round = 0; round < 5; round++) recording.push(await cpuOfOne(traced))
    const cost = middle(pairs.map(({ on, off }) => on / off - 1))
    const on = middle(pairs.map((pair) => pair.on)).value
    return [
      { what: 'processor time of a decision, all instruments', measured: micros(on) },
      { what: 'and with them silenced', measured: micros(middle(pairs.map((pair) => pair.off)).value) },
      {
        what: `instruments cost, ${rounds} pairs of turns`,
        measured: `${percent(cost.value)} ± ${percent(cost.error)}`,
        target: '≤ 3 %',
        met: cost.value <= 0.03,
      },
      {
        what: 'another server with traces on, one of a hundred recorded, beside that',
        measured: percent(middle(recording).value / on - 1),
      },
    ]
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

const micros = (value: number) => `${value.toFixed(1)} µs`
const percent = (share: number) => `${(share * 100).toFixed(1)} %`

interface Pair {
  readonly on: number
  readonly off: number
}

/** One turn each, side by side in time; who begins takes turns too. */
async function measurePair(one: Loaded, round: number): Promise<Pair> {
  const first = await cpuOfOne(one)
  await turnSwitch(one.server)
  const second = await cpuOfOne(one)
  // The next pair begins as this one ended, so that each pair begins the other way round.
  return round % 2 === 0 ? { on: first, off: second } : { on: second, off: first }
}

/** Switches the instruments over and waits until the server says so. */
async function turnSwitch({ pid, output }: ChildServer): Promise<void> {
  const told = output().length
  process.kill(pid, 'SIGUSR2')
  for (let turn = 0; !output().slice(told).includes('instruments o'); turn++) {
    if (turn > 1_000) throw new Error('The server does not switch its instruments')
    await wait(5)
  }
}

/** Processor time of a decision, in microseconds. */
async function cpuOfOne({ server, load }: Loaded): Promise<number> {
  const before = threadSecondsOf(server.pid)
  const { perSecond } = requireClean('decisions', await loadAtMost({ ...load, seconds, warmUpSeconds: 0 }))
  const after = threadSecondsOf(server.pid)
  if (before === undefined || after === undefined) throw new Error('this system does not tell processor time (/proc)')
  return ((after - before) / (perSecond * seconds)) * 1e6
}

/** The mean of the middle half, and its standard error: a disturbed turn does not count. */
function middle(values: readonly number[]): { readonly value: number; readonly error: number } {
  const sorted = [...values].sort((a, b) => a - b)
  const quarter = Math.floor(sorted.length / 4)
  const half = sorted.slice(quarter, sorted.length - quarter)
  const value = half.reduce((sum, one) => sum + one, 0) / half.length
  // Of values spread as usual, half lie within 0.674 standard deviations of the middle.
  const deviation = ((half.at(-1) as number) - (half[0] as number)) / 1.349
  return { value, error: (1.2 * deviation) / Math.sqrt(sorted.length) }
}
