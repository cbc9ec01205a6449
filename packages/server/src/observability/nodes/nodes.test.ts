import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock, Meter } from '#kernel'
import { OutgoingTimes } from '#web'
import { applyAcme } from '../../../test/support/acme-house.ts'
import { startApi } from '../../../test/support/api.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { githubClaims, OutsideIssuer } from '../../../test/support/outside-issuer.ts'
import { columns, quantile } from './latency.ts'
import { NodeReports } from './node-reports.ts'

const minuteMs = 60_000

test('quantile: within its bucket by a straight line, beyond the last bound that bound, and nothing of nothing', () => {
  const bounds = [0.01, 0.05, 0.1]
  assert.equal(quantile({ bounds, counts: [0, 0, 0, 0] }, 0.95), undefined)
  assert.equal(quantile({ bounds, counts: [10, 0, 0, 0] }, 0.5), 0.005)
  assert.equal(quantile({ bounds, counts: [0, 10, 0, 0] }, 1), 0.05)
  assert.equal(quantile({ bounds, counts: [0, 0, 0, 4] }, 0.5), 0.1)
})

test('columns lose nothing of the window, whatever its steps', () => {
  const window = fc.record({ hours: fc.integer({ min: 1, max: 24 }), steps: fc.integer({ min: 1, max: 500 }) })
  const minutes = fc.array(fc.record({ ago: fc.integer({ min: 0, max: 59 }), count: fc.nat(50) }), { maxLength: 30 })
  fc.assert(
    fc.property(window, minutes, fc.integer({ min: 0, max: 86_400_000 }), ({ hours, steps }, seen, offset) => {
      const now = 1_800_000_000_000 + offset
      const rows = seen.map(({ ago, count }) => ({
        bucket: Math.floor(now / minuteMs) * minuteMs - ago * minuteMs,
        bounds: [1],
        counts: [count, 1],
      }))
      const found = columns(rows, now, hours * 60 * minuteMs, steps).columns
      const sum = found.reduce((all, { counts }) => all + (counts[0] ?? 0), 0)
      const each = (found[1]?.atMs ?? (found[0]?.atMs as number) + hours * 60 * minuteMs) - (found[0]?.atMs as number)
      const first = found[0]?.atMs as number
      assert.ok((found.at(-1)?.atMs as number) + each > now)
      assert.equal(
        sum,
        rows.filter(({ bucket }) => bucket >= first).reduce((all, { counts }) => all + (counts[0] ?? 0), 0),
      )
      assert.ok(first <= now - hours * 60 * minuteMs + each)
    }),
    { numRuns: 60 },
  )
})

onEachEngine(
  'the heat map shows what was before the page was opened, and before a restart; latency is told by node and by region',
  async (scratch) => {
    const clock = new ManualClock(Date.now())
    const api = await startApi(scratch, {}, clock)
    const make = (id: string, name: string, region: string) => {
      const meter = new Meter()
      const series = meter
        .hotSeconds<'grant_type'>('token_issuance_duration_seconds', 'x', [0.01, 0.05, 0.1])
        .series('a', () => ({ grant_type: 'a' }))
      const reports = new NodeReports(id, { clock, meter, name, region, outgoing: new OutgoingTimes({ clock, meter }) })
      const look = async () => {
        await reports.take(clock.nowMs())
        await api.storage.transact((tx) => reports.save(tx, clock.nowMs()))
        reports.stored(clock.nowMs())
      }
      return { series, look, reports }
    }
    try {
      await applyAcme(api)
      const before = make('first', 'eu-1-a', 'eu-1')
      for (let count = 0; count < 100; count++) before.series.observe(0.002)
      await before.look()
      for (let count = 0; count < 50; count++) before.series.observe(0.002)
      await before.look()
      clock.advanceMs(2 * minuteMs)
      // The node starts anew: its instruments begin at zero, what it said before stays.
      const again = make('second', 'eu-1-a', 'eu-1')
      const far = make('third', 'us-1-a', 'us-1')
      for (let count = 0; count < 10; count++) {
        again.series.observe(0.03)
        far.series.observe(0.5)
      }
      await again.look()
      await far.look()
      const clocked = async (path: string) => {
        const reply = await api.call('GET', path)
        assert.equal(reply.status, 200, JSON.stringify(reply.body))
        return reply.body
      }
      const {
        bounds,
        columns: found,
        regions,
        marks,
      } = await clocked('/api/observability/latency/tokens?hours=1&steps=60')
      assert.deepEqual(bounds, [0.01, 0.05, 0.1])
      const busy = found
        .map(({ counts }: { counts: number[] }) => counts)
        .filter((one: number[]) => one.some((n) => n > 0))
      assert.deepEqual(busy, [
        [150, 0, 0, 0],
        [0, 10, 0, 10],
      ])
      assert.deepEqual(regions, ['eu-1', 'us-1'])
      assert.deepEqual(
        marks.map(({ what }: { what: string }) => what),
        ['policy-deploy'],
      )
      const only = (await clocked('/api/observability/latency/tokens?hours=1&region=us-1')).columns
      assert.equal(
        only.flatMap(({ counts }: { counts: number[] }) => counts).reduce((a: number, b: number) => a + b),
        10,
      )
      const { nodes, regions: told } = await clocked('/api/observability/nodes')
      assert.deepEqual(
        told
          .filter(({ region }: { region: string }) => region !== '')
          .map(
            ({
              region,
              serving,
              latency,
            }: {
              region: string
              serving: number
              latency: { tokens: { p95: number } }
            }) => [region, serving, Number(latency.tokens.p95.toFixed(6))],
          ),
        [
          ['eu-1', 1, 0.018],
          ['us-1', 1, 0.1],
        ],
      )
      assert.ok(nodes.some(({ name, serving }: { name: string; serving: boolean }) => name === 'eu-1-a' && !serving))
      for (const path of ['latency/tokens?hours=25x', 'latency/everything', 'nodes?hours=0'])
        assert.equal((await api.call('GET', `/api/observability/${path}`)).status, 400, path)
      assert.equal((await api.call('GET', '/api/observability/nodes', undefined, { actor: null })).status, 401)
      // A day later nothing of it is left.
      await api.storage.transact((tx) => far.reports.tidy(tx, clock.nowMs() + 26 * 60 * minuteMs))
      assert.equal((await clocked('/api/observability/nodes')).nodes.length, 0)
    } finally {
      await api.close()
    }
  },
)

onEachEngine(
  'a node says its region on every metric, and how outside issuers answer from there: latency, failures, the last trouble',
  async (scratch) => {
    const issuer = await OutsideIssuer.open()
    const api = await startApi(scratch, {
      GATEHOUSE_OUTGOING_ALLOW: '127.0.0.1',
      GATEHOUSE_REGION: 'eu-1',
      GATEHOUSE_NODE: 'eu-1-a',
    })
    try {
      const organizationId = (await api.call('GET', '/api/organizations')).body.items[0].id
      const owner = (await api.call('POST', '/api/users', { organizationId, username: 'olga' })).body.id
      await api.call('POST', `/api/users/${owner}/activate`)
      const trusts = [{ name: 'ci', issuer: issuer.url, condition: 'context.claims.repository == "acme/app"' }]
      const machine = await api.call('POST', '/api/machines', { organizationId, name: 'deploy', owner, trusts })
      assert.equal(machine.status, 201, JSON.stringify(machine.body))
      const ask = async (jti: string) => {
        const assertion = await issuer.sign({ ...githubClaims(api.url), jti })
        const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
        return (await fetch(`${api.url}/oauth/token`, { method: 'POST', body })).status
      }
      issuer.isAway = true
      assert.equal(await ask('one'), 503)
      issuer.isAway = false
      assert.equal(await ask('two'), 200)
      await api.watch.look()
      const { nodes, regions } = (await api.call('GET', '/api/observability/nodes')).body
      assert.deepEqual(
        nodes.map(({ name, region, serving }: Record<string, unknown>) => [name, region, serving]),
        [['eu-1-a', 'eu-1', true]],
      )
      assert.equal(nodes[0].latency.tokens.count, 1)
      const [{ host, requests, failures, failure, p95Ms }] = regions[0].outside
      assert.deepEqual([host, requests, failures, failure], [new URL(issuer.url).host, 3, 1, 'status 503'])
      assert.ok(Number.isInteger(p95Ms))
      const text = await api.meter.expose()
      assert.match(text, /^database_up\{region="eu-1"\} 1$/m)
      assert.match(text, /^token_issuance_duration_seconds_count\{(?=.*region="eu-1").*\} \d+$/m)
      assert.match(text, /^outgoing_request_duration_seconds_count\{outcome="failed",region="eu-1"\} 1$/m)
      assert.match(
        await api.meter.exposeOpenMetrics(),
        /^outgoing_request_duration_seconds_count\{.*region="eu-1".*\} 2$/m,
      )
    } finally {
      await api.close()
      await issuer.close()
    }
  },
)

test('outside hosts: a wave of them is bounded, and what is older than an hour is not told', () => {
  const clock = new ManualClock(1_800_000_000_000)
  const times = new OutgoingTimes({ clock, meter: new Meter() })
  for (let index = 0; index < 1_500; index++) times.note(`h${index}.example`, 5, 200)
  for (let index = 0; index < 100; index++) times.note('busy.example', index, index < 50 ? 404 : 200)
  const [first, ...rest] = times.report(100)
  assert.equal(rest.length, 99)
  assert.deepEqual([first?.host, first?.requests, first?.failures, first?.p95Ms], ['busy.example', 50, 0, 97])
  clock.advanceMs(60 * minuteMs + 1)
  assert.deepEqual(times.report(100), [])
})
