import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordAll } from '#feed'
import { type Act, ManualClock, type OrganizationId } from '#kernel'
import { operator } from '../support/api.ts'
import { onEachEngine } from '../support/engines.ts'
import { until } from '../support/house.ts'
import '../support/note-events.ts'
import { startTestServer } from '../support/server.ts'

onEachEngine(
  'each raises its alarm: an event that is gone, from the feed or before a sink had it; a body that was changed; a clock that went back, also while the server was down',
  async (scratch) => {
    const clock = new ManualClock(1_790_000_000_000)
    writeFileSync(join(scratch.directory, 'sinks.yaml'), 'sinks: [{name: disk, kind: file, path: audit.ndjson}]\n')
    const environment = { GATEHOUSE_AUDIT_SINK_FILE: join(scratch.directory, 'sinks.yaml') }
    const open = async () => {
      const server = await startTestServer(scratch, { clock, environment })
      server.web.identifyBy(async () => ({ actor: operator, via: 'bootstrap' }))
      const get = async (path: string) => (await fetch(`${server.url}${path}`)).json() as Promise<{ items: never[] }>
      const alerts = async () => {
        await server.watch.look()
        const { items } = await get('/api/observability/alerts?state=open')
        return new Map(items.map(({ objective, severity }) => [objective as string, severity as string]))
      }
      const events = async (type: string) =>
        (await get(`/api/events?type=${type}`)).items as { data: Record<string, unknown> }[]
      const metric = async (line: string) =>
        (await (await fetch(`${server.url}/metrics`)).text()).split('\n').find((one) => one.startsWith(line))
      return { server, alerts, events, metric }
    }
    let house = await open()
    try {
      const { storage } = house.server
      const act: Act = { actor: { type: 'system', name: 'test' }, requestId: 'filler' }
      const notes = Array.from({ length: 300 }, (_, at) => ({
        type: 'test.document_read' as const,
        atMs: clock.nowMs(),
        organizationId: 'org_00000000000000000000000001' as OrganizationId,
        object: { type: 'Document', id: `doc-${at}` },
        data: { document: 'd', methods: [], reason: 'r' },
      }))
      await storage.transact((tx) => recordAll(tx, act, notes))
      await until(async () => house.server.ledger.log.checkpoint.size >= 300)
      await until(
        async () =>
          (await house.metric('audit_events_exported{sink="disk"}'))?.split(' ')[1] ===
          (await house.metric('audit_events_committed'))?.split(' ')[1],
      )
      assert.equal(await house.metric('audit_completeness_ratio'), 'audit_completeness_ratio 1')
      assert.deepEqual([...(await house.alerts()).keys()], [])

      // A body that somebody changed in the database: found by the check that runs through the log.
      const path = { salt: Buffer.alloc(32, 7) }
      await storage.transact((tx) => tx.updateTable('ledger_entries').set(path).where('position', '=', 5).execute())
      await until(async () => (await house.events('audit.tampering_found')).length > 0, 15_000)
      assert.deepEqual(
        (await house.events('audit.tampering_found')).map(({ data }) => data),
        [{ what: 'the body of entry 5 is not the one that was logged' }],
      )
      assert.equal((await house.alerts()).get('audit-integrity'), 'page')

      // One that somebody emptied by hand, as an erasure leaves it: no entry of the log says so.
      const nothing = { salt: null, body: null }
      await storage.transact((tx) => tx.updateTable('ledger_entries').set(nothing).where('position', '=', 6).execute())
      const emptied = 'the body of entry 6 is gone, and no entry says that it was erased'
      await until(
        async () => (await house.events('audit.tampering_found')).some(({ data }) => data.what === emptied),
        15_000,
      )

      // A clock that goes back while the server runs.
      clock.advanceMs(-5_000)
      await until(async () => (await house.events('audit.clock_went_back')).length > 0)
      assert.deepEqual((await house.events('audit.clock_went_back'))[0]?.data, { byMs: 5_000, since: 'the last look' })
      assert.equal(await house.metric('audit_clock_jump_seconds'), 'audit_clock_jump_seconds 5')
      assert.equal((await house.alerts()).get('clock-steady'), 'ticket')
      const told = house.server.logged.map((line) => JSON.stringify(line)).join('\n')
      for (const what of [/tampered with: the body of entry 5/, /the clock went back by 5\.0 s/])
        assert.match(told, what)

      // And while it does not.
      await until(async () => house.server.ledger.log.checkpoint.size >= (await storage.readMark()).position)
      await house.server.close()
      clock.advanceMs(-3_600_000)
      house = await open()
      await until(async () => (await house.events('audit.clock_went_back')).length === 2)
      assert.equal((await house.events('audit.clock_went_back'))[0]?.data.since, 'the newest checkpoint')

      // An event that is gone.
      assert.equal((await house.alerts()).get('audit-completeness'), undefined)
      await house.server.storage.transact((tx) => tx.deleteFrom('events').where('position', '=', 9).execute())
      assert.equal(await house.metric('audit_lost_events{stage="feed"}'), 'audit_lost_events{stage="feed"} 1')
      assert.ok(Number((await house.metric('audit_completeness_ratio'))?.split(' ')[1]) < 1)
      assert.equal((await house.alerts()).get('audit-completeness'), 'page')
      const replay = await fetch(`${house.server.url}/api/audit/sinks/disk/replay`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"after":0}',
      })
      assert.ok(replay.ok)
      await until(async () => (await house.events('audit.sink_gap')).length > 0)
      assert.deepEqual((await house.events('audit.sink_gap'))[0]?.data, { sink: 'disk', first: 9, last: 9 })
      assert.equal(await house.metric('audit_lost_events{stage="export"}'), 'audit_lost_events{stage="export"} 1')

      // An entry that somebody deleted, where only what was erased may be without its body, wherever in the log it stood.
      await house.server.storage.transact((tx) => tx.deleteFrom('ledger_entries').where('position', '=', 7).execute())
      const found = async () => (await house.events('audit.tampering_found')).map(({ data }) => data.what)
      await until(async () => (await found()).includes('1 of the entries up to 256 are missing'), 15_000)
    } finally {
      await house.server.close()
    }
  },
)
