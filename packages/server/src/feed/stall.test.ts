import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { type Act, isFault, Meter, Secret, systemClock } from '#kernel'
import { openStorage, type Storage } from '#storage'
import { engines, scratchDatabase } from '../../test/support/engines.ts'
import { startPostgres } from '../../test/support/postgres.ts'
import { feedMigrations, listEvents, record } from './event.store.ts'
import { defineEvents } from './events.ts'
import { Feed } from './feed.ts'

declare module '#feed' {
  interface EventCatalogue {
    'test.stalled': { turn: number }
  }
}
defineEvents({ 'test.stalled': 'A test waited' })

const act: Act = { actor: { type: 'system', name: 'test' }, requestId: 'req' }
const skip = engines.includes('postgres') ? false : 'GATEHOUSE_TEST_ENGINES leaves PostgreSQL out'
const tell = (storage: Storage, turn: number) =>
  storage.write((tx) =>
    record(tx, act, {
      type: 'test.stalled',
      atMs: systemClock.nowMs(),
      organizationId: undefined,
      object: { type: 'Turn', id: String(turn) },
      data: { turn },
    }),
  )
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('a write transaction left open stalls numbering, is seen as such, and loses nothing when it ends', {
  skip,
}, async () => {
  const scratch = await scratchDatabase('postgres', { empty: true })
  if (scratch.address.engine !== 'postgres') throw new TypeError('asked for PostgreSQL')
  const storage = await openStorage(scratch.address, { clock: systemClock, migrations: feedMigrations })
  const feed = new Feed({
    storage,
    clock: systemClock,
    meter: new Meter(),
    onError: (where, error) => assert.fail(`${where} ${error}`),
  })
  const turns: number[] = []
  const follower = await feed.follow({
    name: 'test',
    after: 0,
    handle: async (events) => void turns.push(...events.map((event) => (event.data as { turn: number }).turn)),
  })
  await feed.waitFor(follower, (await tell(storage, 1)).at, 5_000)

  const stranger = new pg.Client({ connectionString: scratch.address.url.reveal() })
  await stranger.connect()
  await stranger.query('begin; select pg_current_xact_id()')
  const { at } = await tell(storage, 2)
  await assert.rejects(feed.waitFor(follower, at, 300), (error) => isFault(error, 'feed.behind'))
  assert.deepEqual(turns, [1])
  assert.ok((await storage.unnumberedSinceMs()) !== undefined)
  assert.ok((await feed.health()).stalledMs >= 250)
  await storage.settle(50)
  assert.ok((await storage.unnumberedSinceMs()) !== undefined, 'who waits for positions waits no longer than they say')

  await stranger.query('commit')
  await feed.waitFor(follower, at, 5_000)
  assert.deepEqual(turns, [1, 2])
  assert.equal((await feed.health()).stalledMs, 0)
  await stranger.end()
  await feed.close()
  await tell(storage, 3)
  await storage.settle(10_000)
  assert.equal(await storage.unnumberedSinceMs(), undefined, 'also where nothing else numbers')
  await storage.close()
  await scratch.remove()
})

test('when PostgreSQL restarts, requests are refused as unavailable meanwhile, then reads, writes and followers go on', {
  skip,
}, async () => {
  const postgres = await startPostgres()
  const errors: unknown[] = []
  const address = { engine: 'postgres', url: new Secret(postgres.url) } as const
  const storage = await openStorage(address, { clock: systemClock, migrations: feedMigrations })
  const feed = new Feed({
    storage,
    clock: systemClock,
    meter: new Meter(),
    onError: (_, error) => void errors.push(error),
  })
  const seen: number[] = []
  await feed.follow({
    name: 'test',
    after: 0,
    handle: async (events) => void seen.push(...events.map((event) => event.position)),
  })
  let acknowledged = 0
  let stop = false
  const refusals: unknown[] = []
  const writers = Array.from({ length: 4 }, async () => {
    while (!stop) {
      await tell(storage, 0).then(
        () => acknowledged++,
        (error) => refusals.push(error),
      )
      await wait(5)
    }
  })
  await wait(100)
  const before = acknowledged
  await postgres.restart()
  while (acknowledged < before + 20) await wait(10)
  stop = true
  await Promise.all(writers)
  for (const error of [...refusals, ...errors]) assert.equal(isFault(error, 'storage.unavailable'), true, String(error))
  await storage.ping()
  const deadline = Date.now() + 10_000
  while (seen.length < acknowledged && Date.now() < deadline) await wait(20)
  const events = await listEvents(storage.db, 0, 100_000)
  // A commit whose answer the restart cut off may be there too: refused is not the same as undone.
  assert.ok(events.length >= acknowledged && events.length <= acknowledged + refusals.length)
  assert.deepEqual(
    events.map((event) => event.position),
    events.map((_, index) => index + 1),
  )
  assert.deepEqual(
    seen.slice(0, acknowledged),
    events.slice(0, acknowledged).map((event) => event.position),
  )
  await feed.close()
  await storage.close()
  await postgres.stop()
})
