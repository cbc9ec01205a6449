// What issuing a token costs: client credentials, a JWT, its artifact and its event on disk before the reply, against bare
// `oidc-provider` in memory. Both are processes of their own and take turns, so that what else the machine does meets both.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { measureDeactivation } from '../../packages/server/test/support/deactivation.ts'
import { type BenchClient, prepareMachines } from '../../packages/server/test/support/machines.ts'
import { prepareRefreshTokens, type Refreshing } from '../../packages/server/test/support/refresh-tokens.ts'
import { freePort, startChildServer } from '../support/child-server.ts'
import { prepareRequest } from '../support/connection.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { type Figure, formatMs, formatRate } from '../support/figures.ts'
import { loadAtMost, loadAtRate, requireClean } from '../support/load.ts'
import { Latencies } from '../support/percentiles.ts'
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
    const refreshing = await prepareRefreshTokens(data, 512)
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
    const ourRefresh = refreshRequests(ours, new URL('/oauth/token', ours.url), refreshing)
    const refreshed = await takeTurns({
      ours: ourRefresh,
      bare: refreshRequests(bare, new URL('/token', bare.url), {
        client: few[0] as BenchClient,
        tokens: bare.refreshTokens,
      }),
    })
    const calm = requireClean(
      'client credentials at 300/s',
      await loadAtRate({ ...ask(ours, '/oauth/token', few), rate: 300, seconds: 10, warmUpSeconds: 3 }),
    )
    const calmP95 = calm.latencies.percentile(95)
    const half = Math.floor(issue.ours.perSecond / 2)
    const steady = requireClean(
      `client credentials at ${half}/s`,
      await loadAtRate({ ...ask(ours, '/oauth/token', few), rate: half, seconds: 10, warmUpSeconds: 3 }),
    )
    const p99 = steady.latencies.percentile(99)
    const refreshHalf = Math.floor(refreshed.ours.perSecond / 2)
    const steadyRefresh = requireClean(
      `refresh at ${refreshHalf}/s`,
      await loadAtRate({ ...ourRefresh, rate: refreshHalf, seconds: 10, warmUpSeconds: 3 }),
    )
    const refreshP99 = steadyRefresh.latencies.percentile(99)
    const second = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
    stops.push(async () => rmSync(second, { recursive: true, force: true }))
    const denied = new Latencies()
    for (const ms of await measureDeactivation(second)) denied.add(ms)
    const deniedP99 = denied.percentile(99)
    const refreshRatio = refreshed.ours.perSecond / refreshed.bare.perSecond
    const knownRatio = known.ours.perSecond / known.bare.perSecond
    const manyRatio = issue.many.perSecond / issue.ours.perSecond
    const ratio = issue.ours.perSecond / issue.bare.perSecond
    const byCpu = cpuRatio(issue.ours, issue.bare)
    const where = pinned ? 'each on one core' : 'not pinned to a core'
    return [
      { what: `client credentials, JWT and event on disk (${where})`, measured: formatRate(issue.ours.perSecond) },
      { what: 'the same by bare oidc-provider in memory', measured: formatRate(issue.bare.perSecond) },
      { what: 'ours ÷ bare', measured: `${ratio.toFixed(2)} ×`, target: '≥ 0.65 ×', met: ratio >= 0.65 },
      ...byProcessorTime('ours ÷ bare', byCpu),
      {
        what: 'with 1,000 clients ÷ with 10',
        measured: `${manyRatio.toFixed(2)} ×`,
        target: '≥ 0.9 ×',
        met: manyRatio >= 0.9,
      },
      ...byProcessorTime('with 1,000 clients ÷ with 10', cpuRatio(issue.many, issue.ours)),
      { what: 'client credentials at 300/s, p95', measured: formatMs(calmP95), target: '≤ 10 ms', met: calmP95 <= 10 },
      {
        what: `client credentials at ${half}/s, half of the highest, p50`,
        measured: formatMs(steady.latencies.percentile(50)),
      },
      { what: 'the same, p99', measured: formatMs(p99), target: '≤ 15 ms', met: p99 <= 15 },
      {
        what: 'refresh with rotation, JWT, artifacts and event on disk',
        measured: formatRate(refreshed.ours.perSecond),
      },
      {
        what: 'refresh ÷ bare',
        measured: `${refreshRatio.toFixed(2)} ×`,
        target: '≥ 0.6 ×',
        met: refreshRatio >= 0.6,
      },
      ...byProcessorTime('refresh ÷ bare', cpuRatio(refreshed.ours, refreshed.bare)),
      {
        what: `refresh at ${refreshHalf}/s, half of the highest, p99`,
        measured: formatMs(refreshP99),
        target: '≤ 15 ms',
        met: refreshP99 <= 15,
      },
      { what: 'introspection of our JWTs', measured: formatRate(known.ours.perSecond) },
      {
        what: 'introspection ÷ bare of opaque tokens',
        measured: `${knownRatio.toFixed(2)} ×`,
        target: '≥ 1.5 ×',
        met: knownRatio >= 1.5,
      },
      ...byProcessorTime('introspection ÷ bare', cpuRatio(known.ours, known.bare)),
      { what: 'deactivated to denied at the gateway, one node, p50', measured: formatMs(denied.percentile(50)) },
      { what: 'the same, p99', measured: formatMs(deniedP99), target: '≤ 100 ms', met: deniedP99 <= 100 },
    ]
  } finally {
    for (const stop of stops) await stop()
    rmSync(data, { recursive: true, force: true })
  }
}

/** What the machine does besides hardly changes it; nothing where processor time is not known. */
const byProcessorTime = (what: string, ratio: number): Figure[] =>
  Number.isNaN(ratio) ? [] : [{ what: `${what}, by processor time for each`, measured: `${ratio.toFixed(2)} ×` }]

const cpuRatio = (one: Turn, other: Turn): number =>
  (one.perCpuSecond ?? Number.NaN) / (other.perCpuSecond ?? Number.NaN)

interface Server {
  readonly url: string
  readonly pid: number
}

interface Requests {
  readonly pid: number
  readonly url: URL
  readonly request: (index: number) => Buffer
  readonly accept?: (status: number, body: string) => boolean
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

/**
 * Each answer's refresh token is the next request's: a token is used once, by one connection. The newest goes first: the bare
 * provider's memory forgets what is old.
 */
function refreshRequests({ pid }: Server, url: URL, { client, tokens }: Refreshing): Requests {
  const free = [...tokens]
  return {
    pid,
    url,
    request: () => {
      const refresh_token = free.pop()
      if (refresh_token === undefined) throw new Error('more requests at once than refresh tokens')
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token }).toString()
      return prepareRequest(url, { headers: formHeaders(client), body })
    },
    accept: (status, body) => {
      const next = status === 200 ? (JSON.parse(body) as { refresh_token?: string }).refresh_token : undefined
      if (next !== undefined) free.push(next)
      return next !== undefined
    },
  }
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
  const refreshTokens = await new Promise<string[]>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (text.includes('\n')) resolve(JSON.parse(text.slice(0, text.indexOf('\n'))))
    })
    gone.then(() => reject(new Error('bare oidc-provider did not start')))
  })
  const stop = async () => {
    process.removeListener('exit', reap)
    child.kill('SIGTERM')
    await gone
  }
  return { url: `http://127.0.0.1:${port}`, pid: child.pid as number, refreshTokens, stop }
}
