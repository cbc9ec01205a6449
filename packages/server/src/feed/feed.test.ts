import assert from 'node:assert/strict'
import { type Act, Meter, systemClock } from '#kernel'
import { openStorage, type Storage } from '#storage'
import { onEmptyDatabase } from '../../test/support/engines.ts'
import { feedMigrations, listEvents, record } from './event.store.ts'
import { defineEvents, type FeedEvent } from './events.ts'
import { Feed } from './feed.ts'

declare module '#feed' {
  interface EventCatalogue {
    'test.counted': { writer: number; turn: number }
  }
}
defineEvents({ 'test.counted': 'A test counted' })

const act: Act = { actor: { type: 'system', name: 'test' }, requestId: 'req' }
const open = (address: Parameters<typeof openStorage>[0]) =>
  openStorage(address, { clock: systemClock, migrations: feedMigrations, poolSize: 24 })
const feedOn = (storage: Storage) =>
  new Feed({
    storage,
    clock: systemClock,
    meter: new Meter(),
    onError: (where, error) => assert.fail(`${where}: ${error}`),
  })
const count = (storage: Storage, writer: number, turn: number) =>
  storage.write((tx) =>
    record(tx, act, {
      type: 'test.counted',
      atMs: 1,
      organizationId: undefined,
      object: { type: 'Counter', id: String(writer) },
      data: { writer, turn },
    }),
  )

onEmptyDatabase(
  'positions are contiguous, and each writer sees its own order, under 20 concurrent writers',
  async (scratch) => {
    const storage = await open(scratch.address)
    const feed = feedOn(storage)
    const seen: FeedEvent[] = []
    const follower = await feed.follow({ name: 'test', after: 0, handle: async (events) => void seen.push(...events) })
    const last = await Promise.all(
      Array.from({ length: 20 }, async (_, writer) => {
        for (let turn = 0; turn < 24; turn++) await count(storage, writer, turn)
        return count(storage, writer, 24)
      }),
    )
    for (const { at } of last) await feed.waitFor(follower, at, 5_000)
    assert.deepEqual(
      seen.map((event) => event.position),
      Array.from({ length: 500 }, (_, index) => index + 1),
    )
    for (let writer = 0; writer < 20; writer++) {
      const turns = seen
        .map((event) => event.data as { writer: number; turn: number })
        .filter((data) => data.writer === writer)
      assert.deepEqual(
        turns.map((data) => data.turn),
        Array.from({ length: 25 }, (_, turn) => turn),
      )
    }
    await feed.close()
    await storage.close()
  },
)

onEmptyDatabase('a body that throws leaves neither change nor event, nor a gap', async (scratch) => {
  const storage = await open(scratch.address)
  const feed = feedOn(storage)
  const follower = await feed.follow({ name: 'test', after: 0, handle: async () => undefined })
  const bodies = Array.from({ length: 10 }, (_, turn) =>
    storage.transact(async (tx) => {
      await record(tx, act, {
        type: 'test.counted',
        atMs: 1,
        organizationId: undefined,
        object: { type: 'Counter', id: '1' },
        data: { writer: 1, turn },
      })
      if (turn % 3 === 0) throw new Error('refused')
    }),
  )
  const outcomes = await Promise.allSettled(bodies)
  const kept = outcomes.filter((outcome) => outcome.status === 'fulfilled').length
  assert.equal(kept, 6)
  const { at } = await storage.write(async () => undefined)
  await feed.waitFor(follower, at, 5_000)
  const events = await listEvents(storage.db, 0, 100)
  assert.deepEqual(
    events.map((event) => event.position),
    [1, 2, 3, 4, 5, 6],
  )
  await feed.close()
  await storage.close()
})

onEmptyDatabase('a stored follower takes up after its cursor', async (scratch) => {
  const storage = await open(scratch.address)
  const run = async (turn: number) => {
    const feed = feedOn(storage)
    const turns: number[] = []
    const handle = async (events: readonly FeedEvent[]) =>
      void turns.push(...events.map((event) => (event.data as { turn: number }).turn))
    const follower = await feed.follow({ name: 'ledger', after: 'stored', handle })
    const { at } = await count(storage, 1, turn)
    await feed.waitFor(follower, at, 5_000)
    await feed.close()
    return turns
  }
  assert.deepEqual(await run(1), [1])
  assert.deepEqual(await run(2), [2])
  await storage.close()
})
