import assert from 'node:assert/strict'
import { test } from 'node:test'
import { format, inspect } from 'node:util'
import fc from 'fast-check'
import { ManualClock, systemClock } from './clock.ts'
import { randomToken, systemEntropy } from './entropy.ts'
import { allFaults, defineFaults, Fault, isFault } from './fault.ts'
import { isId, newId } from './id.ts'
import { Meter } from './meter.ts'
import { Secret } from './secret.ts'

defineFaults({ 'test.kernel': { status: 418, says: 'A test says so' } })

test('ids made later sort later as text, by the millisecond, for any two times (RFC 9562 6.11)', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 47), fc.integer({ min: 1, max: 2 ** 40 }), (nowMs, laterMs) => {
      const clock = new ManualClock(nowMs)
      const first = newId('user', { clock, entropy: systemEntropy })
      clock.advanceMs(laterMs)
      assert.ok(first < newId('user', { clock, entropy: systemEntropy }))
    }),
  )
})

test('an id is a TypeID over a UUIDv7: version 7, variant 10, its time inside (RFC 9562 5.7)', () => {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
  fc.assert(
    fc.property(fc.nat(2 ** 47), fc.uint8Array({ minLength: 10, maxLength: 10 }), (nowMs, bytes) => {
      const id = newId('org', { clock: new ManualClock(nowMs), entropy: { bytes: () => bytes } })
      assert.ok(isId('org', id))
      let value = 0n
      for (const letter of id.slice('org_'.length)) value = (value << 5n) | BigInt(alphabet.indexOf(letter))
      assert.equal(Number(value >> 80n), nowMs)
      assert.equal((value >> 76n) & 0xfn, 7n)
      assert.equal((value >> 62n) & 0x3n, 2n)
    }),
  )
})

test('isId: the prefix, the length and the alphabet must fit, to the letter', () => {
  const id = newId('user', { clock: systemClock, entropy: systemEntropy })
  const bad = [
    id.toUpperCase(),
    `${id}0`,
    id.slice(0, -1),
    `${id.slice(0, -1)}u`,
    `group${id.slice(4)}`,
    `user_8${id.slice(6)}`,
    ` ${id}`,
    '',
    1,
    null,
    undefined,
    {},
  ]
  for (const text of bad) assert.equal(isId('user', text), false, String(text))
  fc.assert(fc.property(fc.string(), (text) => isId('user', text) === false))
})

test('100,000 ids of one millisecond are all different', () => {
  const deps = { clock: new ManualClock(1), entropy: systemEntropy }
  assert.equal(new Set(Array.from({ length: 100_000 }, () => newId('grant', deps))).size, 100_000)
})

test('a Secret does not print: JSON, inspector, template, concatenation, error, format, keys, spread', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8 }), (text) => {
      fc.pre(!'[secret]'.includes(text))
      const secret = new Secret(text)
      const holder = { deep: { secret }, list: [secret], map: new Map([['k', secret]]) }
      const printed = [
        JSON.stringify(holder),
        inspect(holder, { depth: 9, showHidden: true }),
        `${secret}`,
        `${'x'}${secret}`,
        String(secret),
        format('%s %o %j', secret, secret, secret),
        new Error(`no ${secret}`).message,
        inspect(new Error('with cause', { cause: secret })),
        Object.keys(secret).join(),
        JSON.stringify({ ...secret }),
      ]
      for (const line of printed) assert.equal(line.includes(text) && text.trim().length > 7, false, line)
      assert.equal(secret.reveal(), text)
    }),
  )
})

test("a Fault carries its public text apart from its cause; an unknown code is the caller's bug", () => {
  const cause = new Error('the inside')
  const fault = new Fault('test.kernel', { cause, detail: 'the outside', retryAfterSeconds: 3 })
  assert.deepEqual(
    [fault.code, fault.status, fault.says, fault.detail],
    ['test.kernel', 418, 'A test says so', 'the outside'],
  )
  assert.equal(fault.cause, cause)
  assert.equal(fault.message.includes('inside'), false)
  assert.equal(isFault(fault), true)
  assert.equal(isFault(fault, 'test.other'), false)
  assert.equal(isFault({ code: 'test.kernel' }), false)
  assert.throws(() => new Fault('test.nowhere'), TypeError)
  assert.throws(() => defineFaults({ 'test.kernel': { status: 400, says: 'Twice' } }), TypeError)
  assert.equal(allFaults().get('test.kernel')?.status, 418)
})

test('randomToken: base64url without padding, of the bytes asked for, never the same twice', () => {
  assert.match(randomToken(systemEntropy), /^[\w-]{43}$/)
  assert.match(randomToken(systemEntropy, 16), /^[\w-]{22}$/)
  assert.notEqual(randomToken(systemEntropy), randomToken(systemEntropy))
  assert.equal(randomToken({ bytes: (length) => new Uint8Array(length).fill(255) }, 3), '____')
})

test('a Meter exposes what it measured in the Prometheus text format', async () => {
  const meter = new Meter()
  meter.counter('tests_total', 'Tests', ['outcome']).inc({ outcome: 'ok' })
  meter.gauge('answer', 'Read when scraped', [], function () {
    this.set(42)
  })
  meter.seconds('duration_seconds', 'Durations', [0.1, 1]).observe(0.5)
  const text = await meter.expose()
  for (const line of [
    'tests_total{outcome="ok"} 1',
    'answer 42',
    'duration_seconds_bucket{le="0.1"} 0',
    'duration_seconds_bucket{le="1"} 1',
  ])
    assert.ok(text.split('\n').includes(line), line)
  assert.equal(new Meter().registry === meter.registry, false)
})

test('hot instruments expose what prom-client’s own would, for the same observations', async () => {
  const [own, hot] = [new Meter(), new Meter()]
  const buckets = [0.005, 0.01, 0.1]
  const seconds = own.seconds('d_seconds', 'Durations', buckets, ['via'])
  const hotSeconds = hot.hotSeconds<'via'>('d_seconds', 'Durations', buckets)
  const counter = own.counter('d_total', 'Decisions', ['via', 'outcome'])
  const hotCounter = hot.hotCounter<'via' | 'outcome'>('d_total', 'Decisions')
  for (const via of ['gate', 'authzen'])
    for (const value of [0, 0.004, 0.005, 0.0051, 0.1, 0.11, 7]) {
      seconds.observe({ via }, value)
      hotSeconds.series(via, () => ({ via })).observe(value)
      const outcome = value > 0.05 ? 'deny' : 'allow'
      counter.inc({ via, outcome })
      hotCounter.add(`${via}${outcome}`, () => ({ via, outcome }))
    }
  assert.equal(await hot.expose(), await own.expose())
})
