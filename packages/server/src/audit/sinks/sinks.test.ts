import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { listEvents } from '#feed'
import { Meter, systemClock, systemEntropy } from '#kernel'
import { Outgoing } from '#web'
import { openAuditHouse } from '../../../test/support/audit-house.ts'
import { alarmsOf } from '../../../test/support/burning.ts'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { noteEvent } from '../../../test/support/note-events.ts'
import { pauseAfter, runSinks } from './run-sinks.ts'
import { readSinkFile } from './sink-file.ts'

type Answer = (positions: number[], body: string) => { status: number; headers?: Record<string, string>; body?: string }

/** An HTTP receiver whose behaviour a test sets. */
async function receive(t: TestContext) {
  const state = {
    answer: (() => ({ status: 200 })) as Answer,
    requests: [] as { headers: IncomingHttpHeaders; body: string }[],
    got: [] as number[],
  }
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const positions = [...body.matchAll(/"sequence":(\d+)|"intValue":"(\d+)"/g)].map((found) =>
      Number(found[1] ?? found[2]),
    )
    const answer = state.answer(positions, body)
    if (answer.status < 300) {
      state.requests.push({ headers: request.headers, body })
      state.got.push(...positions)
    }
    response.writeHead(answer.status, answer.headers).end(answer.body ?? '')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

/** What a test that failed has left open. */
const open = new Set<() => Promise<void>>()
after(async () => {
  for (const close of open) await close().catch(() => undefined)
})

/** Feed, ledger and the sinks of a file, by which a test can write and wait. */
async function start(scratch: Scratch, yaml: string) {
  const house = await openAuditHouse(
    scratch.directory,
    (where, error) => assert.fail(`${where}: ${error}`),
    scratch.address,
  )
  const path = join(scratch.directory, 'sinks.yaml')
  writeFileSync(path, yaml)
  writeFileSync(join(scratch.directory, 'secret'), 'a secret of the webhook\n')
  const meter = new Meter()
  const errors: string[] = []
  const sinks = await runSinks({
    storage: house.storage,
    clock: systemClock,
    entropy: systemEntropy,
    meter,
    sinks: readSinkFile(path, { outgoing: new Outgoing(['127.0.0.1']), clock: systemClock }),
    onError: (where, error) => void errors.push(`${where}: ${(error as Error).message}`),
    pauseMs: 10,
  })
  let written = 0
  const close = async () => {
    open.delete(close)
    await sinks.close()
    await house.close()
  }
  open.add(close)
  return {
    house,
    sinks,
    errors,
    meter,
    write: async (count: number) => {
      const numbers = Array.from({ length: count }, () => ++written)
      await Promise.all(numbers.map((number) => house.storage.write((tx) => noteEvent(tx, number))))
    },
    /** At least so far: a lie or a gap is an event of its own. */
    has: (name: string, position: number) =>
      until(
        async () => ((await sinks.report()).find((sink) => sink.name === name)?.position ?? -1) >= position,
        15_000,
      ),
    close,
  }
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

onEachEngine(
  'a webhook gets every event once and in order, signed; while it is down nothing is lost and nobody else waits',
  async (scratch, t) => {
    const hook = await receive(t)
    const file = join(scratch.directory, 'audit.ndjson')
    const system = await start(
      scratch,
      `sinks:\n- {name: hook, kind: webhook, url: '${hook.url}', secret_file: secret}\n- {name: disk, kind: file, path: audit.ndjson}\n`,
    )
    await system.write(20)
    await system.has('hook', 20)
    const [request] = hook.state.requests
    const { headers, body } = request as { headers: IncomingHttpHeaders; body: string }
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    const expected = createHmac('sha256', 'a secret of the webhook').update(signed).digest('base64')
    assert.equal(headers['webhook-signature'], `v1,${expected}`)
    hook.state.answer = () => ({ status: 503 })
    await system.write(300)
    await system.has('disk', 320)
    assert.equal(readFileSync(file, 'utf8').trimEnd().split('\n').length, 320)
    await until(async () => (await system.sinks.report())[0]!.failures > 2)
    assert.equal((await system.sinks.report())[0]!.lagEvents, 300)
    assert.match((await system.sinks.report())[0]!.failure ?? '', /answered 503/)
    hook.state.answer = () => ({ status: 200 })
    await system.has('hook', 320)
    assert.deepEqual(hook.state.got, upTo(320))
    assert.match(await system.meter.expose(), /^audit_events_exported\{sink="hook"\} 320$/m)
    assert.match(await system.meter.expose(), /^audit_sink_lag_events\{sink="hook"\} 0$/m)
    await system.close()
  },
)

onEachEngine(
  'what a webhook refuses is put aside by itself, by its position; the rest goes on; a replay sends it again',
  async (scratch, t) => {
    const hook = await receive(t)
    hook.state.answer = (positions) => ({ status: positions.includes(7) || positions.includes(12) ? 422 : 200 })
    const system = await start(
      scratch,
      `sinks:\n- {name: hook, kind: webhook, url: '${hook.url}', secret_file: secret}\n`,
    )
    await system.write(30)
    await system.has('hook', 30)
    const [report] = await system.sinks.report()
    assert.deepEqual(
      report!.deadLetters.map((letter) => letter.position),
      [7, 12],
    )
    assert.deepEqual(
      hook.state.got,
      upTo(30).filter((position) => position !== 7 && position !== 12),
    )
    assert.match(await system.meter.expose(), /^audit_sink_dead_letters_total\{sink="hook"\} 2$/m)
    hook.state.answer = () => ({ status: 200 })
    hook.state.got.length = 0
    await system.sinks.replay('hook', 5)
    await until(async () => hook.state.got.length >= 25)
    assert.deepEqual(hook.state.got, upTo(30).slice(5))
    await system.has('hook', 30)
    await assert.rejects(system.sinks.replay('nobody', 0), { code: 'audit.sink_unknown' })
    await system.close()
  },
)

onEachEngine(
  'a webhook and a collector that lie about what they took are found, named and alarmed, and lose nothing',
  async (scratch, t) => {
    const hook = await receive(t)
    const otel = await receive(t)
    hook.state.answer = () => ({ status: 200, headers: { 'gatehouse-received': '1000000' } })
    otel.state.answer = () => ({ status: 200, body: '{"partialSuccess":{"rejectedLogRecords":"3"}}' })
    const system = await start(
      scratch,
      `sinks:\n- {name: hook, kind: webhook, url: '${hook.url}', secret_file: secret}\n- {name: otel, kind: otlp, url: '${otel.url}v1/logs'}\n`,
    )
    await system.write(5)
    await until(async () => (await system.sinks.report()).every((sink) => sink.failures > 0))
    assert.deepEqual(
      (await system.sinks.report()).map((sink) => sink.position),
      [0, 0],
    )
    const exposed = await system.meter.expose()
    for (const name of ['hook', 'otel'])
      assert.match(exposed, new RegExp(`^audit_sink_lies_total\\{sink="${name}"\\} [1-9]`, 'm'))
    assert.match(system.errors.join('\n'), /audit sink hook: it says it has kept everything up to 1000000/)
    assert.match(system.errors.join('\n'), /audit sink otel: it answered success and rejected 3 of \d/)
    assert.deepEqual(await alarmsOf(system.meter), { 'audit-integrity': 'page' })
    const lied = () => listEvents(system.house.storage.db, 0, 100, { type: 'audit.sink_lied' })
    await until(async () => (await lied()).length === 2)
    assert.deepEqual((await lied()).map(({ object }) => object.id).sort(), ['hook', 'otel'])
    hook.state.answer = (positions) => ({ status: 200, headers: { 'gatehouse-received': String(positions.at(-1)) } })
    otel.state.answer = () => ({ status: 200, body: '{}' })
    await system.has('hook', 5)
    await system.has('otel', 5)
    const sent = JSON.parse(otel.state.requests.at(-1)!.body)
    const records = sent.resourceLogs[0].scopeLogs[0].logRecords
    assert.deepEqual(Object.keys(records[0]).sort(), ['attributes', 'body', 'severityNumber', 'timeUnixNano'])
    assert.equal(JSON.parse(records[0].body.stringValue).class_uid, 6003)
    await system.close()
  },
)

onEachEngine(
  'a file rotates, keeps so many, ends a torn line, and is caught when somebody else cut it',
  async (scratch) => {
    const path = join(scratch.directory, 'log', 'audit.ndjson')
    const system = await start(
      scratch,
      `sinks:\n- {name: disk, kind: file, path: log/audit.ndjson, rotate_bytes: 20000, keep: 2}\n`,
    )
    for (let turn = 0; turn < 8; turn++) {
      await system.write(15)
      await system.has('disk', (turn + 1) * 15)
    }
    assert.ok(statSync(path).size <= 20_000 && existsSync(`${path}.2`) && !existsSync(`${path}.3`))
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const kept = ['.2', '.1', ''].flatMap((end) =>
      readFileSync(path + end, 'utf8')
        .trimEnd()
        .split('\n'),
    )
    const positions = kept.map((line) => JSON.parse(line).metadata.sequence as number)
    assert.deepEqual(positions, upTo(120).slice(-positions.length))
    truncateSync(path, 10)
    await system.write(1)
    await system.has('disk', 121)
    assert.match(system.errors.join('\n'), /audit sink disk: .*audit\.ndjson has 10 bytes where \d+ were written/)
    assert.match(await system.meter.expose(), /^audit_sink_lies_total\{sink="disk"\} 1$/m)
    assert.deepEqual(await alarmsOf(system.meter), { 'audit-integrity': 'page' })
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    assert.ok(lines.slice(-2).some((line) => /^\{.*"sequence":121[,}].*\}$/.test(line)))
    await system.close()
  },
)

onEachEngine(
  'positions that are not there any more are a gap: counted and named, and the sink goes on behind it',
  async (scratch, t) => {
    const hook = await receive(t)
    const system = await start(
      scratch,
      `sinks:\n- {name: hook, kind: webhook, url: '${hook.url}', secret_file: secret}\n`,
    )
    await system.write(10)
    await system.has('hook', 10)
    await system.house.storage.transact((tx) => tx.deleteFrom('events').where('position', '<=', 4).execute())
    await system.sinks.replay('hook', 2)
    await until(async () => /audit_sink_gaps_total\{sink="hook"\} [1-9]/.test(await system.meter.expose()))
    assert.match(system.errors.join('\n'), /audit sink hook: events 3 to 4 are not there any more/)
    await system.has('hook', 10)
    await system.close()
  },
)

onEachEngine('a file of sinks that cannot be used keeps the server from starting, with its place', async (scratch) => {
  const path = join(scratch.directory, 'sinks.yaml')
  const deps = { outgoing: new Outgoing(), clock: systemClock }
  const table: [string, RegExp][] = [
    ['', /must have "sinks:"/],
    ['sinks: 1', /must have "sinks:"/],
    ['sinks: [{kind: fax}]', /sink 1: kind must be one of syslog, webhook, file, otlp/],
    ['sinks: [{kind: file, name: a, path: x, keep: -1}]', /sink 1\/keep/],
    ['sinks: [{kind: file, name: a, path: x, colour: red}]', /sink 1\/colour: is not a setting/],
    ['sinks: [{kind: file, name: a, path: x}, {kind: file, name: a, path: y}]', /sink 2: the name a is taken/],
    ['sinks: [{kind: webhook, name: a, url: "https://x", secret_file: none}]', /none cannot be read \(ENOENT\)/],
    ['sinks: [', /sinks\.yaml: /],
  ]
  for (const [text, says] of table) {
    writeFileSync(path, text)
    assert.throws(() => readSinkFile(path, deps), { code: 'audit.sinks_invalid', message: says }, text)
  }
})

test('back-off: a sink that fails is asked after a second, then two, then four, and never less than once a minute', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 6, 7, 8, 1_000].map((failures) => pauseAfter(failures)),
    [1_000, 2_000, 4_000, 8_000, 32_000, 60_000, 60_000, 60_000],
  )
})
