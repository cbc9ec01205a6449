import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault, ManualClock } from '#kernel'
import { addressKey, RateLimit } from './limits.ts'

test('a bucket gives its capacity at once, then one token each 1/perSecond, and says how long to wait', () => {
  const clock = new ManualClock(0)
  const limit = new RateLimit({ clock, capacity: 3, perSecond: 0.5 })
  for (let turn = 0; turn < 3; turn++) limit.take('a')
  assert.throws(
    () => limit.take('a'),
    (error) => error instanceof Fault && error.status === 429 && error.retryAfterSeconds === 2,
  )
  limit.take('b') // another key is another bucket
  clock.advanceMs(1_999)
  assert.throws(() => limit.take('a'), Fault)
  clock.advanceMs(1)
  limit.take('a')
  assert.throws(() => limit.take('a'), Fault)
  limit.forget('a')
  limit.take('a')
})

test('a bucket never holds more than its capacity, and a clock that steps back takes nothing away', () => {
  const clock = new ManualClock(1_000_000)
  const limit = new RateLimit({ clock, capacity: 2, perSecond: 1 })
  limit.take('a')
  clock.advanceMs(3_600_000)
  limit.take('a')
  limit.take('a')
  assert.throws(() => limit.take('a'), Fault)
  clock.advanceMs(-1_000)
  assert.throws(() => limit.take('a'), Fault)
})

test('a flood of keys forgets the least recently used ones', () => {
  const limit = new RateLimit({ clock: new ManualClock(0), capacity: 1, perSecond: 1, keysMost: 100 })
  limit.take('kept')
  for (let turn = 0; turn < 99; turn++) limit.take(`k${turn}`)
  assert.throws(() => limit.take('kept'), Fault)
  for (let turn = 0; turn < 100; turn++) limit.take(`n${turn}`)
  limit.take('kept')
})

test('addressKey: one IPv6 customer is one /64 however the address is spelled (RFC 6177); IPv4 is itself', () => {
  const table: [string | undefined, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    [undefined, 'unknown'],
  ]
  for (const [address, key] of table) assert.equal(addressKey(address), key)
})
