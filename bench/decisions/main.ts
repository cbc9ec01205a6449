// A decision over HTTP (AuthZEN), on record before its reply, beside a Fastify route that decides nothing. Both are processes
// of their own and take turns, so that what else the machine does meets both.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, startChildServer } from '../support/child-server.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { type Figure, formatMs, formatRate } from '../support/figures.ts'
import { type LoadOptions, loadAtMost, loadAtRate, requireClean } from '../support/load.ts'
import { pinLoad, pinServer } from '../support/pin.ts'
import { measureBatches } from './batch.ts'
import { measureCerbos } from './cerbos.ts'
import { measureExtAuthz } from './ext-authz.ts'
import { measureLocal } from './local.ts'
import { prepareDecisions } from './prepare.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 5)
const rate = 1_000

export async function run(): Promise<readonly Figure[]> {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const stops: (() => unknown)[] = [() => rmSync(data, { recursive: true, force: true })]
  try {
    const port = await freePort()
    const server = await startChildServer({
      data,
      environment: { GATEHOUSE_EXT_AUTHZ_LISTEN: `127.0.0.1:${port}` },
    })
    stops.push(() => server.stop())
    const ours = await prepareDecisions(server.url, data)
    const empty = await startEmpty()
    stops.push(empty.stop)
    const pinned = [server.pid, empty.pid].every(pinServer) && pinLoad()
    stops.push(() => pinLoad.undo())
    const bare = { url: empty.url, request: ours.requestTo(empty.url), accept: ours.accept }

    // What counts is what a second of a core is good for: where the load is made more slowly than the empty route answers, the two
    // rates are closer than their costs. Both are warm first, for a program that has just begun is still being compiled.
    const most = async (what: string, load: Omit<LoadOptions, 'seconds'>, pid: number) => {
      const cpuBefore = cpuSecondsOf(pid)
      const { perSecond, latencies } = requireClean(what, await loadAtMost({ ...load, seconds: 2, warmUpSeconds: 0 }))
      const cpuAfter = cpuSecondsOf(pid)
      const isTold = cpuBefore !== undefined && cpuAfter !== undefined && cpuAfter > cpuBefore
      return { perSecond, perCore: isTold ? latencies.count / (cpuAfter - cpuBefore) : perSecond }
    }
    const ratesOurs: number[] = []
    const ratesBare: number[] = []
    const ratios: number[] = []
    const warm = 3
    for (let round = -warm; round < rounds; round++) {
      const itsBare = await most('the empty route', bare, empty.pid)
      const itsOurs = await most('decisions', ours, server.pid)
      if (round < 0) continue
      ratesBare.push(itsBare.perSecond)
      ratesOurs.push(itsOurs.perSecond)
      ratios.push(itsOurs.perCore / itsBare.perCore)
    }
    const steady = requireClean(
      'decisions at a rate',
      await loadAtRate({ ...ours, rate, seconds: 10, warmUpSeconds: 2 }),
    )
    const idle = requireClean('the empty route at a rate', await loadAtRate({ ...bare, rate, seconds: 5 }))
    const batches = await measureBatches(ours, server.pid, rounds)
    const cerbos = await measureCerbos(ours, rounds)
    const envoy = await measureExtAuthz(server.url, data, { port, pid: server.pid }, rounds)
    const local = await measureLocal(server.url, data, rounds, ours)
    const p99 = steady.latencies.percentile(99)
    const ratio = median(ratios)
    const at = `at ${formatRate(rate)}`
    return [
      { what: `decision ${at}, p50`, measured: formatMs(steady.latencies.percentile(50)) },
      { what: `decision ${at}, p95`, measured: formatMs(steady.latencies.percentile(95)) },
      { what: `decision ${at}, p99`, measured: formatMs(p99), target: '≤ 10 ms', met: p99 <= 10 },
      { what: `empty Fastify route ${at}, p99`, measured: formatMs(idle.latencies.percentile(99)) },
      { what: `decisions, the most (${pinned ? 'one core' : 'not pinned'})`, measured: formatRate(median(ratesOurs)) },
      { what: 'empty Fastify route, the most', measured: formatRate(median(ratesBare)) },
      {
        what: 'decision ÷ empty route, for each second of a core that either had, all threads counted',
        measured: `${ratio.toFixed(2)} ×`,
        target: '≥ 0.55 ×',
        met: ratio >= 0.55,
      },
      ...batches,
      ...cerbos,
      ...envoy,
      ...local,
    ]
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

async function startEmpty(): Promise<{ url: URL; pid: number; stop(): Promise<void> }> {
  const script = fileURLToPath(new URL('empty.ts', import.meta.url))
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(String(line).trim()))
    gone.then(() => reject(new Error('the empty route did not start')))
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await gone
  }
  return { url: new URL(`http://127.0.0.1:${port}`), pid: child.pid as number, stop }
}
