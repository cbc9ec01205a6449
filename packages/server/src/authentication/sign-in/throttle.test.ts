import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#kernel'
import { openStorage, type Storage } from '#storage'
import { onEmptyDatabase, type Scratch } from '../../../test/support/engines.ts'
import { migrations } from '../../../test/support/migrations.ts'
import { networkOf, Throttle, type Trying } from './throttle.ts'

const start = 1_800_000_000_000
const alice: Trying = { account: 'password:alice', address: '203.0.113.7', device: undefined }

type Body = (throttle: Throttle, storage: Storage) => Promise<void>

async function withThrottle(scratch: Scratch, body: Body): Promise<void> {
  const storage = await openStorage(scratch.address, { clock: systemClock, migrations })
  await body(new Throttle(storage), storage)
  await storage.close()
}

onEmptyDatabase('a few tries are free, then waits double to a minute and no further', (scratch) =>
  withThrottle(scratch, async (throttle) => {
    let nowMs = start
    const waits: number[] = []
    for (let tries = 0; tries < 14; tries++) {
      let waited = 0
      for (let wait = await throttle.take(alice, nowMs); wait > 0; wait = await throttle.take(alice, nowMs)) {
        waited += wait
        nowMs += wait
      }
      waits.push(waited / 1_000)
    }
    assert.deepEqual(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60])
  }),
)

onEmptyDatabase('many at once get no more tries than one after another', (scratch) =>
  withThrottle(scratch, async (throttle) => {
    const waits = await Promise.all(Array.from({ length: 30 }, () => throttle.take(alice, start)))
    assert.equal(waits.filter((wait) => wait === 0).length, 5)
  }),
)

onEmptyDatabase('a browser that the person has used is not slowed by what others do', (scratch) =>
  withThrottle(scratch, async (throttle) => {
    for (let tries = 0; tries < 20; tries++) await throttle.take(alice, start)
    assert.ok((await throttle.take(alice, start)) > 0)
    assert.equal(await throttle.take({ ...alice, device: 'known' }, start), 0)
  }),
)

onEmptyDatabase('one address that tries many people is slowed, other addresses are not', (scratch) =>
  withThrottle(scratch, async (throttle) => {
    const other = (n: number, address: string) => ({ ...alice, account: `password:${n}`, address })
    for (let n = 0; n < 40; n++) await throttle.take(other(n, '2001:db8:1:2::1'), start)
    assert.ok((await throttle.take(other(99, '2001:db8:1:2:ffff::9'), start)) > 0)
    assert.equal(await throttle.take(other(99, '2001:db8:1:3::1'), start), 0)
  }),
)

onEmptyDatabase('tries are forgotten after a quarter of an hour, and by a sign-in', (scratch) =>
  withThrottle(scratch, async (throttle, storage) => {
    for (let tries = 0; tries < 8; tries++) await throttle.take(alice, start)
    assert.equal(await throttle.take(alice, start + 16 * 60_000), 0)
    for (let tries = 0; tries < 8; tries++) await throttle.take({ ...alice, account: 'password:bob' }, start)
    await storage.transact((tx) => throttle.clear(tx, { ...alice, account: 'password:bob' }))
    assert.equal(await throttle.take({ ...alice, account: 'password:bob', address: undefined }, start), 0)
  }),
)

test('networkOf: one IPv6 customer is one /64 however it is spelled; IPv4 is itself', () => {
  assert.equal(networkOf('203.0.113.7'), '203.0.113.7')
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0')
  assert.equal(networkOf('2001:0db8:0000:0000:aaaa::'), '2001:db8:0:0')
  assert.equal(networkOf('::1'), '0:0:0:0')
})
