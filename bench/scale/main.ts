// A million users, a hundred thousand groups and a million grants: ready from disk, decisions at a rate, a change until it counts.
// `npm run bench -- scale 100000` takes a tenth of it; BENCH_ENGINE=sqlite measures one node alone, =postgres the two nodes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gatehouseJson } from '../../examples/story/command.ts'
import { Client } from '../../packages/cli/src/client/client.ts'
import { findCredential } from '../../packages/cli/src/client/credential.ts'
import { startPostgres } from '../../packages/server/test/support/postgres.ts'
import { type Prepared, prepareDecisions } from '../decisions/prepare.ts'
import { type ChildServer, startChildServer } from '../support/child-server.ts'
import { prepareRequest } from '../support/connection.ts'
import { type Figure, formatMs } from '../support/figures.ts'
import { loadAtRate, requireClean } from '../support/load.ts'
import { type Company, fillPostgres, fillSqlite, userId } from './fill.ts'

const users = Number(process.env.BENCH_ENTRIES ?? 1_000_000)
const size = { users, groups: users / 10, grants: users }
const what = `${size.users.toLocaleString('en')} users, ${size.groups.toLocaleString('en')} groups, ${size.grants.toLocaleString('en')} grants`
const engine = process.env.BENCH_ENGINE
const rate = 3_000
const changes = 30

export async function run(): Promise<readonly Figure[]> {
  const stops: (() => unknown)[] = []
  try {
    const figures = engine === 'postgres' ? [] : await measureOneNode(stops)
    await stopAll(stops)
    return engine === 'sqlite' ? figures : [...figures, ...(await measureTwoNodes(stops))]
  } finally {
    await stopAll(stops)
  }
}

async function stopAll(stops: (() => unknown)[]): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop()
}

/** Acme with its policies on a server that stops again; then the large company among it, and how long that took. */
async function prepareCompany(data: string, first: ChildServer, fill: (company: Company) => unknown): Promise<void> {
  await prepareDecisions(first.url, data)
  const organizations = await gatehouseJson<{ id: string; name: string }[]>(data, 'organization', 'list')
  const app = await gatehouseJson<{ id: string }>(data, 'app', 'show', 'acme/documents')
  await first.stop()
  const organizationId = organizations.find(({ name }) => name === 'acme')?.id as string
  const started = performance.now()
  await fill({ organizationId, applicationId: app.id })
  console.log(`${what}: written in ${((performance.now() - started) / 1_000).toFixed(0)} s`)
}

function scratch(stops: (() => unknown)[]): string {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  stops.push(() => rmSync(data, { recursive: true, force: true }))
  return data
}

async function measureOneNode(stops: (() => unknown)[]): Promise<Figure[]> {
  const data = scratch(stops)
  const first = await startChildServer({ data })
  await prepareCompany(data, first, (company) => fillSqlite(join(data, 'gatehouse.db'), company, size))
  const server = await startChildServer({ data, readyWithinMs: 180_000 })
  stops.push(() => server.stop())
  const resident = server.residentBytes()
  // The same port is not given twice: the token is made anew for the new address.
  const ours = await prepareDecisions(server.url, data, { applied: true })
  const bodies = Array.from({ length: 2_000 }, (_, index) => {
    const user = (index * 7_919) % size.users
    return JSON.stringify({
      subject: { type: 'user', id: index % 2 === 0 ? `u${user}` : userId(user) },
      action: { name: 'read' },
      resource: { type: 'document', id: `doc${index % 4 === 0 ? user % 500_000 : (index * 31) % 500_000}` },
    })
  })
  const prepared = bodies.map((body) =>
    prepareRequest(new URL('/access/v1/evaluation', ours.url), { headers: ours.headers, body }),
  )
  const steady = requireClean(
    'decisions at a rate',
    await loadAtRate({
      url: ours.url,
      accept: ours.accept,
      request: (index) => prepared[index % prepared.length] as Buffer,
      rate,
      seconds: 10,
      warmUpSeconds: 3,
    }),
  )
  const p99 = steady.latencies.percentile(99)
  const times = await changeUntilAllowed(data, server, ours, ours)
  const grown = server.residentBytes()
  const ready = server.readyAfterMs
  return [
    { what: `${what}: ready`, measured: formatMs(ready), target: '≤ 30 s', met: ready <= 30_000 },
    { what: 'resident when ready', measured: `${(resident / 1e9).toFixed(2)} GB` },
    { what: 'resident after the load', measured: `${(grown / 1e9).toFixed(2)} GB` },
    { what: `decision at ${rate}/s, p50`, measured: formatMs(steady.latencies.percentile(50)) },
    { what: `decision at ${rate}/s, p99`, measured: formatMs(p99), target: '≤ 5 ms', met: p99 <= 5 },
    changed('a change decided upon after its reply, one node', times, 20),
  ]
}

async function measureTwoNodes(stops: (() => unknown)[]): Promise<Figure[]> {
  const postgres = await startPostgres()
  stops.push(() => postgres.stop())
  const [here, there] = [scratch(stops), scratch(stops)]
  const environment = { GATEHOUSE_DATABASE: postgres.url, GATEHOUSE_ROOT_KEY_FILE: join(here, 'root.key') }
  const start = (data: string) => startChildServer({ data, environment, readyWithinMs: 240_000 })
  await prepareCompany(here, await start(here), (company) => fillPostgres(postgres.url, company, size))
  const one = await start(here)
  stops.push(() => one.stop())
  const two = await start(there)
  stops.push(() => two.stop())
  const ours = await prepareDecisions(one.url, here, { applied: true })
  const theirs = await prepareDecisions(two.url, there, { applied: true })
  const times = await changeUntilAllowed(here, one, ours, theirs)
  return [
    { what: `${what} in PostgreSQL: ready`, measured: formatMs(one.readyAfterMs) },
    changed('a change decided upon after its reply, on another node over PostgreSQL', times, 1_000),
  ]
}

function changed(what: string, times: readonly number[], mostMs: number): Figure {
  const sorted = [...times].sort((a, b) => a - b)
  const worst = sorted.at(-1) as number
  const median = sorted[Math.floor(sorted.length / 2)] as number
  return {
    what,
    measured: `${formatMs(median)} median, ${formatMs(worst)} the longest of ${times.length}`,
    target: `≤ ${mostMs} ms`,
    met: worst <= mostMs,
  }
}

/** Grants on one node, asks on another (or the same) until it is allowed: the time from the reply of the change on. */
async function changeUntilAllowed(
  data: string,
  server: ChildServer,
  granting: Prepared,
  asking: Prepared,
): Promise<number[]> {
  const client = new Client(findCredential({ data }))
  const times: number[] = []
  const person = await gatehouseJson<{ id: string }>(data, 'user', 'show', 'acme/bob')
  for (let turn = 0; turn < changes; turn++) {
    const resource = { type: 'Document', id: `changed${turn}` }
    const body = JSON.stringify({
      subject: { type: 'user', id: person.id },
      action: { name: 'read' },
      resource: { type: 'document', id: resource.id },
    })
    const ask = async () => {
      const reply = await fetch(new URL('/access/v1/evaluation', asking.url), {
        method: 'POST',
        headers: asking.headers,
        body,
      })
      return ((await reply.json()) as { decision: boolean }).decision
    }
    if (await ask()) throw new Error('it was allowed before')
    await client.post('/api/grants', {
      role: 'viewer',
      applicationId: granting.applicationId,
      principal: { type: 'User', id: person.id },
      resource,
      why: 'bench',
    })
    const since = performance.now()
    while (!(await ask())) if (performance.now() - since > 30_000) throw new Error(`${server.url}: never allowed`)
    times.push(performance.now() - since)
  }
  return times
}
