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

/** Pairs of turns, one with the instruments and one without. Short ones, so that both meet the same moods of the machine. */
const pairs = Number(process.env.BENCH_ROUNDS ?? 150)
const seconds = 0.2
/** The cost is also told of so many parts of the turns: what they differ by is what the figure may be off. */
const parts = 5

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
    const turns: Pair[] = []
    for (let pair = 0; pair < pairs; pair++) turns.push(await measurePair(own, pair))
    // Nobody listens there: what is recorded is given up.
    const traced = await start({ environment: { GATEHOUSE_TRACES_URL: 'http://127.0.0.1:9' } })
    const recording: number[] = []
    for (let turn = 0; turn < 30; turn++) recording.push(await cpuOfOne(traced))
    const cost = costOf(turns)
    const spread = Array.from({ length: parts }, (_, part) => costOf(turns.filter((_, at) => at % parts === part)))
    const on = least(turns.map((pair) => pair.on))
    return [
      { what: 'processor time of a decision, all instruments', measured: micros(on) },
      { what: 'and with them silenced', measured: micros(least(turns.map((pair) => pair.off))) },
      {
        what: `instruments cost, ${pairs} pairs of turns`,
        measured: `${percent(cost)} ± ${percent(errorOf(spread))}`,
        target: '≤ 3 %',
        met: cost <= 0.03,
      },
      {
        what: 'another server with traces on, one of a hundred recorded, beside that',
        measured: percent(least(recording) / on - 1),
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
async function measurePair(one: Loaded, pair: number): Promise<Pair> {
  const first = await cpuOfOne(one)
  await turnSwitch(one.server)
  const second = await cpuOfOne(one)
  // The next pair begins as this one ended, so that each pair begins the other way round.
  return pair % 2 === 0 ? { on: first, off: second } : { on: second, off: first }
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

const costOf = (turns: readonly Pair[]): number =>
  least(turns.map(({ on }) => on)) / least(turns.map(({ off }) => off)) - 1

/** The mean of the quickest third: what else the machine does makes a turn dearer, never cheaper. */
function least(values: readonly number[]): number {
  const quickest = [...values].sort((a, b) => a - b).slice(0, Math.ceil(values.length / 3))
  return quickest.reduce((sum, value) => sum + value, 0) / quickest.length
}

/** Standard error of the whole, from the same figure of its parts. */
function errorOf(figures: readonly number[]): number {
  const mean = figures.reduce((sum, one) => sum + one, 0) / figures.length
  const squares = figures.reduce((sum, one) => sum + (one - mean) ** 2, 0)
  return Math.sqrt(squares / (figures.length - 1) / figures.length)
}
