// What a decision costs over HTTP, on disk before its reply: AuthZEN evaluation against an empty Fastify route of the same
// bodies, and /forward-auth. Servers are processes of their own and take turns.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { acmeOrigin, applyAcme, question, tokenOf } from '../../packages/server/test/support/acme-house.ts'
import { startApi } from '../../packages/server/test/support/api.ts'
import { startChildServer } from '../support/child-server.ts'
import { prepareRequest } from '../support/connection.ts'
import { type Figure, formatMs, formatRate } from '../support/figures.ts'
import { loadAtMost, loadAtRate, requireClean } from '../support/load.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 5)
const seconds = 3
const batch = 100

export async function run(): Promise<readonly Figure[]> {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const stops: (() => Promise<void>)[] = []
  try {
    const address = { engine: 'sqlite', file: join(data, 'gatehouse.db') } as const
    const api = await startApi({ address, directory: data, remove: async () => undefined })
    const client = await applyAcme(api)
    await api.close()
    const ours = await startChildServer({ data })
    stops.push(() => ours.stop())
    const empty = await startEmpty()
    stops.push(empty.stop)
    const token = await tokenOf(ours.url, client)

    const json = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const evaluation = JSON.stringify({
      subject: { type: 'user', id: 'alice' },
      action: { name: 'read' },
      resource: { type: 'document', id: 'welcome' },
    })
    const evaluations = JSON.stringify({
      subject: { type: 'user', id: 'alice' },
      action: { name: 'read' },
      evaluations: Array.from({ length: batch }, () => ({ resource: { type: 'document', id: 'welcome' } })),
    })
    const post = (base: string, path: string, body: string) => {
      const url = new URL(path, base)
      const prepared = prepareRequest(url, { headers: json, body })
      return { url, request: () => prepared }
    }
    const gate = new URL('/forward-auth', ours.url)
    const asked = prepareRequest(gate, {
      method: 'GET',
      headers: { authorization: `Bearer ${token}`, ...question('/documents/welcome') },
    })
    const one = post(ours.url, '/access/v1/evaluation', evaluation)
    const permitted = (_status: number, body: string) => body === '{"decision":true}'
    const contenders = {
      ours: { ...one, seconds, accept: permitted },
      empty: { ...post(empty.url, '/access/v1/evaluation', evaluation), seconds },
      batch: { ...post(ours.url, '/access/v1/evaluations', evaluations), seconds },
      gateway: { url: gate, request: () => asked, seconds, accept: (status: number) => status === 403 },
    }
    const rates = await takeTurns(contenders)
    const steady = requireClean(
      'evaluation at 1,000/s',
      await loadAtRate({ ...one, rate: 1_000, seconds: 20, warmUpSeconds: 3, accept: permitted }),
    )
    const p99 = steady.latencies.percentile(99)
    const ratio = rates.ours / rates.empty
    return [
      { what: 'evaluation, decided and on disk', measured: formatRate(rates.ours) },
      { what: 'an empty Fastify route of the same bodies', measured: formatRate(rates.empty) },
      { what: 'ours ÷ empty', measured: `${ratio.toFixed(2)} ×`, target: '≥ 0.55 ×', met: ratio >= 0.55 },
      { what: 'evaluation at 1,000/s, p50', measured: formatMs(steady.latencies.percentile(50)) },
      { what: 'evaluation at 1,000/s, p99', measured: formatMs(p99), target: '≤ 10 ms', met: p99 <= 10 },
      { what: `decisions in evaluations of ${batch}`, measured: formatRate(rates.batch * batch) },
      { what: `/forward-auth for ${acmeOrigin}, denied`, measured: formatRate(rates.gateway) },
    ]
  } finally {
    for (const stop of stops) await stop()
    rmSync(data, { recursive: true, force: true })
  }
}

/** Highest throughput of each, in turns; the median of the rounds. */
async function takeTurns<K extends string>(
  contenders: Record<K, Parameters<typeof loadAtMost>[0]>,
): Promise<Record<K, number>> {
  const rates = new Map<K, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, load] of Object.entries(contenders) as [K, Parameters<typeof loadAtMost>[0]][]) {
      const result = requireClean(name, await loadAtMost({ ...load, warmUpSeconds: round === 0 ? 2 : 0.5 }))
      rates.set(name, [...(rates.get(name) ?? []), result.perSecond])
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
  return Object.fromEntries([...rates].map(([name, values]) => [name, median(values)])) as Record<K, number>
}

async function startEmpty(): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('empty.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const port = await new Promise<string>((resolve) => child.stdout.once('data', (line) => resolve(String(line).trim())))
  return {
    url: `http://localhost:${port}`,
    stop: () => {
      child.kill()
      return gone
    },
  }
}
