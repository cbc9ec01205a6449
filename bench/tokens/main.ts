// What issuing a token costs: client credentials, a JWT, its artifact and its event on disk before the reply, against bare
// `oidc-provider` in memory. Both are processes of their own and take turns, so that what else the machine does meets both.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchClient, prepareMachines } from '../../packages/server/test/support/machines.ts'
import { freePort, startChildServer } from '../support/child-server.ts'
import { prepareRequest } from '../support/connection.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { type Figure, formatMs, formatRate } from '../support/figures.ts'
import { loadAtMost, loadAtRate, requireClean } from '../support/load.ts'
import { pinLoad, pinServer } from '../support/pin.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 5)
const seconds = 3
const connections = 64
const fewClients = 10

export async function run(): Promise<readonly Figure[]> {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const stops: (() => Promise<void>)[] = []
  try {
    const clients = await prepareMachines(data, 1_000)
    const few = clients.slice(0, fewClients)
    const ours = await startChildServer({ data, environment: { GATEHOUSE_CLIENT_REQUESTS_PER_SECOND: '1000000' } })
    stops.push(() => ours.stop())
    const bare = await startBare(few)
    stops.push(bare.stop)
    const introspected = await startBare(few, 'opaque')
    stops.push(introspected.stop)
    const pinned = [ours.pid, bare.pid, introspected.pid].every(pinServer) && pinLoad()
    stops.push(async () => pinLoad.undo())

    const ask = (server: Server, path: string, of: readonly BenchClient[]) =>
      tokenRequests(server, new URL(path, server.url), of)
    const issue = await takeTurns({
      ours: ask(ours, '/oauth/token', few),
      bare: ask(bare, '/token', few),
      many: ask(ours, '/oauth/token', clients),
    })
    const ourToken = await firstToken(ours.url, '/oauth/token', few)
    const bareToken = await firstToken(introspected.url, '/token', few)
    const known = await takeTurns({
      ours: introspectRequests(ours, new URL('/oauth/introspect', ours.url), few, ourToken),
      bare: introspectRequests(introspected, new URL('/token/introspection', introspected.url), few, bareToken),
    })
    const steady = requireClean(
      'client credentials at 300/s',
      await loadAtRate({ ...ask(ours, '/oauth/token', few), rate: 300, seconds: 10, warmUpSeconds: 3 }),
    )
    const p95 = steady.latencies.percentile(95)
    const ratio = issue.ours.perSecond / issue.bare.perSecond
    const byCpu = (issue.ours.perCpuSecond ?? Number.NaN) / (issue.bare.perCpuSecond ?? Number.NaN)
    const where = pinned ? 'each on one core' : 'not pinned to a core'
    return [
      { what: `client credentials, JWT and event on disk (${where})`, measured: formatRate(issue.ours.perSecond) },
      { what: 'the same by bare oidc-provider in memory', measured: formatRate(issue.bare.perSecond) },
      { what: 'ours ÷ bare', measured: `${ratio.toFixed(2)} ×`, target: '≥ 0.5 ×', met: ratio >= 0.5 },
      ...(Number.isNaN(byCpu)
        ? []
        : [{ what: 'ours ÷ bare, by processor time for each token', measured: `${byCpu.toFixed(2)} ×` }]),
      {
        what: 'with 1,000 clients ÷ with 10',
        measured: `${(issue.many.perSecond / issue.ours.perSecond).toFixed(2)} ×`,
      },
      { what: 'client credentials at 300/s, p50', measured: formatMs(steady.latencies.percentile(50)) },
      { what: 'client credentials at 300/s, p95', measured: formatMs(p95), target: '≤ 10 ms', met: p95 <= 10 },
      { what: 'client credentials at 300/s, p99', measured: formatMs(steady.latencies.percentile(99)) },
      { what: 'introspection of our JWTs', measured: formatRate(known.ours.perSecond) },
      {
        what: 'introspection ÷ bare of opaque tokens',
        measured: `${(known.ours.perSecond / known.bare.perSecond).toFixed(2)} ×`,
      },
    ]
  } finally {
    for (const stop of stops) await stop()
    rmSync(data, { recursive: true, force: true })
  }
}

interface Server {
  readonly url: string
  readonly pid: number
}

interface Requests {
  readonly pid: number
  readonly url: URL
  readonly request: (index: number) => Buffer
}

interface Turn {
  readonly perSecond: number
  /** Requests for each second of processor time; undefined where that is not known. */
  readonly perCpuSecond: number | undefined
}

/** Highest throughput of each, in turns; the median of the rounds. */
async function takeTurns<K extends string>(contenders: Record<K, Requests>): Promise<Record<K, Turn>> {
  const turns = new Map<K, Turn[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, requests] of Object.entries(contenders) as [K, Requests][]) {
      if (round === 0) await loadAtMost({ ...requests, seconds: 4, warmUpSeconds: 0, connections })
      const before = cpuSecondsOf(requests.pid)
      const result = requireClean(name, await loadAtMost({ ...requests, seconds, connections, warmUpSeconds: 0 }))
      const used = (cpuSecondsOf(requests.pid) ?? 0) - (before ?? 0)
      const perCpuSecond = before === undefined || used === 0 ? undefined : result.latencies.count / used
      turns.set(name, [...(turns.get(name) ?? []), { perSecond: result.perSecond, perCpuSecond }])
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
  const middle = (of: Turn[]): Turn => {
    const known = of.map((turn) => turn.perCpuSecond).filter((value) => value !== undefined)
    return {
      perSecond: median(of.map((turn) => turn.perSecond)),
      perCpuSecond: known.length === of.length ? median(known) : undefined,
    }
  }
  return Object.fromEntries([...turns].map(([name, of]) => [name, middle(of)])) as Record<K, Turn>
}

const authorization = ({ id, secret }: BenchClient) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
const formHeaders = (client: BenchClient) => ({
  authorization: authorization(client),
  'content-type': 'application/x-www-form-urlencoded',
})

function tokenRequests({ pid }: Server, url: URL, clients: readonly BenchClient[]): Requests {
  const body = 'grant_type=client_credentials&scope=read'
  const prepared = clients.map((client) => prepareRequest(url, { headers: formHeaders(client), body }))
  return { pid, url, request: (index) => prepared[index % prepared.length] as Buffer }
}

function introspectRequests({ pid }: Server, url: URL, [client]: readonly BenchClient[], token: string): Requests {
  const body = new URLSearchParams({ token }).toString()
  const prepared = prepareRequest(url, { headers: formHeaders(client as BenchClient), body })
  return { pid, url, request: () => prepared }
}

async function firstToken(base: string, path: string, [client]: readonly BenchClient[]): Promise<string> {
  const response = await fetch(new URL(path, base), {
    method: 'POST',
    headers: formHeaders(client as BenchClient),
    body: 'grant_type=client_credentials&scope=read',
  })
  return ((await response.json()) as { access_token: string }).access_token
}

async function startBare(clients: readonly BenchClient[], format: 'jwt' | 'opaque' = 'jwt') {
  const port = await freePort()
  const script = fileURLToPath(new URL('bare.ts', import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify({ clients }), String(port), format], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const reap = () => child.kill('SIGKILL')
  process.once('exit', reap)
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    gone.then(() => reject(new Error('bare oidc-provider did not start')))
  })
  const stop = async () => {
    process.removeListener('exit', reap)
    child.kill('SIGTERM')
    await gone
  }
  return { url: `http://127.0.0.1:${port}`, pid: child.pid as number, stop }
}
