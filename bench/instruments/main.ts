// What instruments cost a decision over HTTP: the same server with all of them and with none, in turns, by the processor time of each.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareDecisions } from '../decisions/prepare.ts'
import { type ChildServer, startChildServer } from '../support/child-server.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import type { Figure } from '../support/figures.ts'
import { loadAtMost, requireClean } from '../support/load.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 21)
const seconds = 1

interface Variant {
  readonly server: ChildServer
  readonly load: Awaited<ReturnType<typeof prepareDecisions>>
  readonly microseconds: number[]
}

export async function run(): Promise<readonly Figure[]> {
  const stops: (() => unknown)[] = []
  const start = async (options: Partial<Parameters<typeof startChildServer>[0]>): Promise<Variant> => {
    const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
    stops.push(() => rmSync(data, { recursive: true, force: true }))
    const server = await startChildServer({ data, ...options })
    stops.push(() => server.stop())
    const load = await prepareDecisions(server.url, data)
    requireClean('warming up', await loadAtMost({ ...load, seconds: 3 }))
    return { server, load, microseconds: [] }
  }
  try {
    const all = await start({})
    const none = await start({ program: 'bench/instruments/without.ts' })
    // Nobody listens there: what is recorded is given up.
    const traced = await start({ environment: { GATEHOUSE_TRACES_URL: 'http://127.0.0.1:9' } })
    for (let round = 0; round < rounds; round++) {
      // Who begins takes turns too.
      const order = round % 2 === 0 ? [all, none, traced] : [traced, none, all]
      for (const variant of order) variant.microseconds.push(await cpuOfOne(variant))
    }
    const [own, bare, recording] = [all, none, traced].map(({ microseconds }) => least(microseconds)) as [
      number,
      number,
      number,
    ]
    const cost = own / bare - 1
    const percent = (share: number) => `${(share * 100).toFixed(1)} %`
    return [
      { what: 'processor time of a decision, all instruments', measured: `${own.toFixed(1)} µs` },
      { what: 'and with none', measured: `${bare.toFixed(1)} µs` },
      { what: 'instruments cost', measured: percent(cost), target: '≤ 3 %', met: cost <= 0.03 },
      { what: 'traces on, one of a hundred recorded, cost beside that', measured: percent(recording / own - 1) },
    ]
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

async function cpuOfOne({ server, load }: Variant): Promise<number> {
  const before = cpuSecondsOf(server.pid)
  const { perSecond } = requireClean('decisions', await loadAtMost({ ...load, seconds, warmUpSeconds: 0 }))
  const after = cpuSecondsOf(server.pid)
  if (before === undefined || after === undefined) throw new Error('this system does not tell processor time (/proc)')
  return ((after - before) / (perSecond * seconds)) * 1e6
}

/** The mean of the quickest third: what else the machine does makes a turn dearer, never cheaper. */
function least(values: readonly number[]): number {
  const quickest = [...values].sort((a, b) => a - b).slice(0, Math.ceil(values.length / 3))
  return quickest.reduce((sum, value) => sum + value, 0) / quickest.length
}
