import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { test } from 'node:test'
import { deployment, type Gate } from '#authorization'
import { readConfig } from '#config'
import { Fault, Meter, systemClock, systemEntropy } from '#kernel'
import { onEachEngine, type Scratch } from '../../test/support/engines.ts'
import { numberAllEvents } from '../../test/support/number-events.ts'
import { startShell } from '../../test/support/shell.ts'
import { checkCertificate } from './doctor/certificate.ts'
import { judgeClock, judgeDisk, judgeKeys } from './doctor/checks.ts'
import { examine } from './doctor/doctor.ts'
import { listenForMetrics } from './metrics/listener.ts'
import { measureInstallation } from './metrics/slis.ts'
import { operatingOperations } from './operate.ts'

/** The operations on the real rooms; alice holds every right on the deployment, nobody else any. */
async function start(scratch: Scratch) {
  const meter = new Meter()
  const config = readConfig({ GATEHOUSE_DATA: scratch.directory }, scratch.directory)
  const gate: Gate = {
    may: (act, _action, resource) => act.actor.name === 'alice' && resource.type === deployment.type,
    require: (act, action, resource) => {
      if (!gate.may(act, action, resource)) throw new Fault('authorization.denied')
    },
  }
  const shell = await startShell(scratch, {
    operations: ({ storage, feed, keyring }) => {
      measureInstallation({ storage, clock: systemClock, meter })
      return operatingOperations({
        config,
        storage,
        feed,
        keyring,
        clock: systemClock,
        entropy: systemEntropy,
        meter,
        gate,
      })
    },
  })
  const call = async (path: string, user: string | undefined, body?: unknown) => {
    const answer = await fetch(`${shell.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(user !== undefined && { 'x-test-user': user }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, text: await answer.text() }
  }
  return { shell, meter, config, call }
}

onEachEngine(
  'keys: who holds the right lists and rotates them; nobody else; nothing secret is shown',
  async (scratch) => {
    const { shell, call } = await start(scratch)
    for (const user of [undefined, 'bob']) {
      const status = user === undefined ? 401 : 403
      assert.equal((await call('/api/keys', user)).status, status)
      assert.equal((await call('/api/keys/rotate', user, {})).status, status)
    }
    assert.equal(shell.keyring.listKeys().length, 1)
    const made = await call('/api/keys/rotate', 'alice', {})
    assert.equal(made.status, 201)
    assert.equal(JSON.parse(made.text).key.state, 'published')
    assert.equal((await call('/api/keys/rotate', 'alice', {})).status, 409)
    assert.equal((await call('/api/keys/rotate', 'alice', { atOnce: true, forget: true })).status, 201)
    assert.equal((await call('/api/keys/rotate', 'alice', { forget: true })).status, 400)
    assert.equal((await call('/api/keys/rotate', 'alice', { what: 'data' })).status, 200)
    const root = JSON.parse((await call('/api/keys/rotate', 'alice', { what: 'root' })).text).rootKey
    assert.match(root.to, /^[0-9a-f]{16}$/)
    const listed = await call('/api/keys', 'alice')
    const items = JSON.parse(listed.text).items as { state: string }[]
    assert.deepEqual(items.map((key) => key.state).sort(), ['active', 'retired', 'retired'])
    assert.doesNotMatch(listed.text, /"d"|sealed|private/)
    await shell.close()
  },
)

onEachEngine('metrics: for the right only, and on an address of their own where one is set', async (scratch) => {
  const { shell, meter, call } = await start(scratch)
  assert.equal((await call('/metrics', undefined)).status, 401)
  assert.equal((await call('/metrics', 'bob')).status, 403)
  const { text } = await call('/metrics', 'alice')
  assert.match(text, /^database_up 1$/m)
  assert.match(text, /^audit_missing_positions 0$/m)
  const offset = Number(/^clock_offset_seconds (\S+)$/m.exec(text)?.[1])
  assert.ok(Math.abs(offset) < 1, `one machine, one clock: ${offset}`)
  const listener = await listenForMetrics(meter, { host: '127.0.0.1', port: 0 })
  assert.match(await (await fetch(`${listener.address}/metrics`)).text(), /^database_up 1$/m)
  assert.equal((await fetch(`${listener.address}/api/keys`)).status, 404)
  await listener.close()
  await shell.close()
})

onEachEngine('a position that was deleted by hand is counted, and the doctor says so', async (scratch) => {
  const { shell, call } = await start(scratch)
  await shell.keyring.rotateDataKeys({ actor: { type: 'system', name: 'test' }, requestId: 'r' })
  await numberAllEvents(shell.storage)
  await shell.storage.transact((tx) => tx.deleteFrom('events').where('position', '=', 2).execute())
  assert.match((await call('/metrics', 'alice')).text, /^audit_missing_positions 1$/m)
  const report = JSON.parse((await call('/api/doctor', 'alice')).text)
  const feed = report.findings.find((finding: { check: string }) => finding.check === 'feed')
  assert.deepEqual([report.status, feed.status], ['failed', 'failed'])
  assert.match(feed.says, /1 positions are missing/)
  await shell.close()
})

onEachEngine('doctor: each finding that is not well says what to do', async (scratch) => {
  const { shell, config, call } = await start(scratch)
  assert.equal((await call('/api/doctor', 'bob')).status, 403)
  chmodSync(config.rootKeyFile, 0o644)
  const report = JSON.parse((await call('/api/doctor', 'alice')).text)
  const by = Object.groupBy(
    report.findings as { check: string; status: string; advice?: string }[],
    ({ check }) => check,
  )
  assert.deepEqual(Object.keys(by), [
    'clock',
    'disk',
    'database',
    'feed',
    'signing keys',
    'root key',
    'address',
    'backup',
    'orphans',
    'old credentials',
    'machine keys',
  ])
  assert.deepEqual(
    by['root key']?.map(({ status }) => status),
    ['failed', 'warning'],
  )
  for (const name of ['clock', 'database', 'feed', 'signing keys']) assert.equal(by[name]?.[0]?.status, 'ok', name)
  for (const { status, advice } of report.findings) assert.equal(advice === undefined, status === 'ok')
  await shell.close()
})

test('doctor: thresholds of clock and disk', () => {
  assert.deepEqual(
    [0, -999, 1_000, -29_999, 30_000].map((ms) => judgeClock(ms).status),
    ['ok', 'ok', 'warning', 'warning', 'failed'],
  )
  const gib = 2 ** 30
  assert.deepEqual(
    [gib * 10, gib * 4, gib / 2, gib / 20].map((free) => judgeDisk(free, gib * 100).status),
    ['ok', 'warning', 'warning', 'failed'],
  )
})

test('doctor: no active key has failed, one that was not replaced in time is a warning', () => {
  const times = { publishForMs: 1, retireAfterMs: 1, rotateEveryMs: 10 * 24 * 3_600_000 }
  const key = {
    kid: 'k',
    algorithm: 'ES256',
    state: 'active',
    createdAtMs: 0,
    activatesAtMs: 0,
    retiresAtMs: undefined,
    revision: 1,
  } as const
  const judge = (nowMs: number, keys = [key]) => judgeKeys({ listKeys: () => keys }, nowMs, times)[0]?.status
  assert.deepEqual([judge(0), judge(12 * 24 * 3_600_000), judge(0, [])], ['ok', 'warning', 'failed'])
})

test('doctor: a check that throws has failed and the others go on', async () => {
  const report = await examine([
    { name: 'a', run: async () => Promise.reject(new Error('broken')) },
    { name: 'b', run: async () => ({ status: 'ok', says: 'fine' }) },
  ])
  assert.equal(report.status, 'failed')
  assert.deepEqual(
    report.findings.map(({ check, status }) => [check, status]),
    [
      ['a', 'failed'],
      ['b', 'ok'],
    ],
  )
})

test('doctor: an address that cannot be reached is told as such', async () => {
  assert.equal((await checkCertificate('https://127.0.0.1:1', 0)).status, 'warning')
})
