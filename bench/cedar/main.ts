import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Figure } from '../support/figures.ts'
import { casbin, casl, cedarWasm, cedarWasmSliced, type Engine, ours } from './engines.ts'
import { gdrive } from './gdrive.ts'
import { github } from './github.ts'
import { ns, type Spread, timeBatches } from './timing.ts'
import { tinytodo } from './tinytodo.ts'
import { Random, type Workload } from './workload.ts'

const seed = 20_240_424
const sizes = [5, 10, 20, 30, 40, 50]
const makers: ((n: number, random: Random) => Workload)[] = [
  (n, random) => gdrive(n, random, false),
  (n, random) => gdrive(n, random, true),
  (n, random) => github(n, random, false),
  (n, random) => github(n, random, true),
  tinytodo,
]

/** All figures of the policy engine, peers beside it. Throws if any engine decides otherwise than ours. */
export async function run(): Promise<Figure[]> {
  console.log(`Workloads of the OOPSLA 2024 Cedar paper, seed ${seed}; a sample is the mean of one batch.`)
  console.log('OPA is not among the peers: opa-wasm runs what OPA’s own compiler made, and npm carries no compiler.\n')
  const figures: Figure[] = []
  for (const make of makers) figures.push(...(await measureWorkload(make)))
  figures.push(...(await measureFlatness()), ...(await measureScale()))
  return figures
}

async function measureWorkload(make: (n: number, random: Random) => Workload): Promise<Figure[]> {
  const grown: string[] = []
  for (const n of sizes) {
    const work = make(n, new Random(seed))
    grown.push(`n=${n}: ${ns(timeOf(ours(work), work).median)}`)
  }
  const work = make(50, new Random(seed))
  const engines = [ours(work), cedarWasm(work), cedarWasmSliced(work), await casbin(work), casl(work)]
  agree(engines, work)
  const spreads = engines.map((engine) => timeOf(engine, work))
  const own = spreads[0] as Spread
  console.log(
    `${work.name}: ${work.entities.length} entities, ${work.grants.length} links at n=50; ours ${grown.join(', ')}`,
  )
  engines.forEach((engine, at) => {
    const { median, p99 } = spreads[at] as Spread
    const times = at === 0 ? '' : `  ${(median / own.median).toFixed(0)} ×`
    console.log(`   ${engine.name.padEnd(26)} median ${ns(median).padStart(9)}  p99 ${ns(p99).padStart(9)}${times}`)
  })
  const ratio = (spreads[1] as Spread).median / own.median
  const sliced = (spreads[2] as Spread).median / own.median
  return [
    { what: `${work.name}: a decision`, measured: `${ns(own.median)} median` },
    { what: `${work.name}: × cedar-wasm`, measured: `${ratio.toFixed(0)} ×`, target: '≥ 100 ×', met: ratio >= 100 },
    { what: `${work.name}: × cedar-wasm, entities cut to the request`, measured: `${sliced.toFixed(0)} ×` },
    {
      what: `${work.name}: p99 ÷ median`,
      measured: (own.p99 / own.median).toFixed(1),
      target: '≤ 5',
      met: own.p99 <= 5 * own.median,
    },
  ]
}

function timeOf(engine: Engine, work: Workload): Spread {
  const quick = engine.name.startsWith('@gatehouse') || engine.name === 'CASL'
  return timeBatches(
    (at) => engine.decide(work.asks[at % work.asks.length] as Workload['asks'][0]),
    quick ? 10 : 1,
    quick ? 600 : 400,
  )
}

/** All answers must be one: every request for the quick engines, the first hundred for all. */
function agree(engines: readonly Engine[], work: Workload): void {
  work.asks.forEach((ask, at) => {
    const asked = at < 100 ? engines : engines.filter(({ name }) => name !== 'cedar-wasm' && name !== 'casbin')
    const answers = asked.map((engine) => engine.decide(ask))
    if (answers.some((answer) => answer !== answers[0]))
      throw new Error(
        `${work.name}: engines disagree on ${JSON.stringify(ask)}: ${asked.map((e, i) => `${e.name} ${answers[i]}`)}`,
      )
  })
}

/** Runs a part in a process of its own, with a small young generation: what is kept is what is measured. */
async function child<T>(file: string, ...args: string[]): Promise<T> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const settings = ['--expose-gc', '--max-semi-space-size=8']
  const { stdout } = await promisify(execFile)(process.execPath, [...settings, path, ...args])
  return JSON.parse(stdout) as T
}

type Flat = { policyCounts: number[]; policyTimes: number[]; linkCounts: number[]; linkTimes: number[]; bytes: number }

async function measureFlatness(): Promise<Figure[]> {
  const flat = await child<Flat>('./flat-child.ts')
  const line = (counts: number[], times: number[]) =>
    counts.map((count, at) => `${count.toLocaleString('en')}: ${ns(times[at] as number)}`).join(', ')
  const growth = (times: number[]) => (times.at(-1) as number) / (times[0] as number)
  const figure = (what: string, times: number[]): Figure => {
    const grown = growth(times)
    return { what, measured: `${grown.toFixed(2)} ×`, target: '≤ 1.5 ×', met: grown <= 1.5 }
  }
  console.log(`as policies grow: ${line(flat.policyCounts, flat.policyTimes)}`)
  console.log(`as links grow:    ${line(flat.linkCounts, flat.linkTimes)}`)
  return [
    figure('growth of a decision from 10 to 10,000 policies', flat.policyTimes),
    figure('growth of a decision from 100 to 1,000,000 links', flat.linkTimes),
    {
      what: 'heap a decision, the most of the five workloads',
      measured: `${flat.bytes.toFixed(0)} bytes`,
      target: '≤ 200',
      met: flat.bytes <= 200,
    },
  ]
}

type Scale = {
  builtMs: number
  builtCpuMs: number
  rss: number
  decisions: Spread
  linked: Spread
  changed: Spread
  regrouped: Spread
}

async function measureScale(): Promise<Figure[]> {
  const scale = await child<Scale>('./scale-child.ts', '1000000', '1000000')
  const change = Math.max(scale.linked.median, scale.changed.median, scale.regrouped.median)
  console.log(
    `1,000,000 entities and 1,000,000 links: link and unlink ${ns(scale.linked.median)}, a document replaced ${ns(scale.changed.median)}, a user regrouped ${ns(scale.regrouped.median)}`,
  )
  console.log(
    `   built in ${(scale.builtMs / 1000).toFixed(1)} s of wall time, ${(scale.builtCpuMs / 1000).toFixed(1)} s of processor time on all threads, read from files of lines`,
  )
  return [
    {
      what: '1 M links and 1 M entities: resident',
      measured: `${(scale.rss / 1e9).toFixed(2)} GB`,
      target: '≤ 0.8 GB',
      met: scale.rss <= 0.8e9,
    },
    {
      what: '1 M links and 1 M entities: built',
      measured: `${(scale.builtMs / 1000).toFixed(1)} s`,
      target: '≤ 12 s',
      met: scale.builtMs <= 12_000,
    },
    { what: '1 M links and 1 M entities: one changed', measured: ns(change), target: '≤ 50 µs', met: change <= 50_000 },
    { what: '1 M links and 1 M entities: a decision, cold spots and all', measured: ns(scale.decisions.median) },
  ]
}
