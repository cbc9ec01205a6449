import assert from 'node:assert/strict'
import { pino } from 'pino'
import type { Gate } from '#authorization'
import { defineEvents, Feed, feedMigrations, record } from '#feed'
import { type Act, Fault, Meter, systemClock, systemEntropy } from '#kernel'
import { openStorage } from '#storage'
import { createWeb } from '#web'
import { onEmptyDatabase, type Scratch } from '../../../test/support/engines.ts'
import { Arrival } from './arrival.ts'
import { eventsOperations } from './events.routes.ts'

declare module '#feed' {
  interface EventCatalogue {
    'test.seen': { turn: number }
    'test.other': { turn: number }
  }
}
defineEvents({ 'test.seen': 'A test was seen', 'test.other': 'Another' })
const organization = 'org_01h455vb4pex5vsknk084sn02q'

/** The events operation on a real feed, with a gate of which a test can take the right away. */
async function start(scratch: Scratch) {
  const storage = await openStorage(scratch.address, { clock: systemClock, migrations: feedMigrations })
  const meter = new Meter()
  const onError = (where: string, error: unknown) => assert.fail(`${where}: ${error}`)
  const feed = new Feed({ storage, clock: systemClock, meter, onError })
  const rights = { all: true, organization: true }
  const gate: Gate = {
    may: (_act, action, resource) =>
      action === 'viewEvents' && (resource.type === 'Organization' ? rights.organization : rights.all),
    require: (act, action, resource) => {
      if (!gate.may(act, action, resource)) throw new Fault('web.unauthenticated')
    },
  }
  const logger = pino({ level: 'silent' })
  const deps = { url: 'http://localhost', trustedProxies: [], logger, clock: systemClock, entropy: systemEntropy }
  const web = await createWeb({ ...deps, meter, storage } as never)
  web.identifyBy(async () => ({ actor: { type: 'system', name: 'test' }, via: 'bootstrap' }))
  const arrival = new Arrival(storage)
  web.add(...eventsOperations({ storage, gate, clock: systemClock, arrival }))
  const write = async (turn: number, requestId: string, type: 'test.seen' | 'test.other' = 'test.seen') => {
    const act: Act = { actor: { type: 'system', name: 'test' }, requestId }
    const organizationId = turn % 2 === 0 ? (organization as never) : undefined
    const object = { type: 'Test', id: String(turn) }
    await storage.write((tx) => record(tx, act, { type, atMs: turn, organizationId, object, data: { turn } }))
  }
  const ask = async (query: string) => {
    const reply = await web.app.inject(`/api/events?${query}`)
    return { status: reply.statusCode, ...(reply.json() as { items: { data: { turn: number } }[]; next?: string }) }
  }
  const turns = (answer: { items: { data: { turn: number } }[] }) => answer.items.map((event) => event.data.turn)
  const settled = async (count: number) => {
    while ((await ask('order=oldest&limit=200')).items.length < count)
      await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const close = async () => {
    arrival.close()
    await web.app.close()
    await feed.close()
    await storage.close()
  }
  return { storage, rights, arrival, write, ask, turns, settled, close }
}

onEmptyDatabase('events page newest first and oldest first, by cursor, without gap or double', async (scratch) => {
  const it = await start(scratch)
  for (let turn = 1; turn <= 5; turn++) await it.write(turn, 'r')
  await it.settled(5)
  for (const [order, wanted] of [
    ['newest', [5, 4, 3, 2, 1]],
    ['oldest', [1, 2, 3, 4, 5]],
  ] as const) {
    const seen: number[] = []
    let cursor: string | undefined
    do {
      const page = await it.ask(`order=${order}&limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`)
      seen.push(...it.turns(page))
      cursor = page.items.length === 0 ? undefined : page.next
    } while (cursor !== undefined)
    assert.deepEqual(seen, wanted)
  }
  await it.close()
})

onEmptyDatabase(
  'events are filtered by request, type, beginning of a type, object and organization',
  async (scratch) => {
    const it = await start(scratch)
    await it.write(1, 'first')
    await it.write(2, 'second')
    await it.write(3, 'second', 'test.other')
    await it.settled(3)
    const of = async (query: string) => it.turns(await it.ask(query))
    assert.deepEqual(await of('requestId=second'), [3, 2])
    assert.deepEqual(await of('type=test.seen'), [2, 1])
    assert.deepEqual(await of('type=test.*'), [3, 2, 1])
    assert.deepEqual(await of('type=other.*'), [])
    assert.deepEqual(await of('objectId=1'), [1])
    assert.deepEqual(await of(`organizationId=${organization}`), [2])
    await it.close()
  },
)

onEmptyDatabase('a waiting request is answered by the event, and resumes where it stopped', async (scratch) => {
  const it = await start(scratch)
  await it.write(1, 'r')
  await it.settled(1)
  const begun = await it.ask('order=oldest&cursor=now')
  assert.deepEqual(it.turns(begun), [])
  const waiting = it.ask(`order=oldest&wait=30&cursor=${begun.next}`)
  const started = performance.now()
  await it.write(2, 'r')
  const answer = await waiting
  assert.deepEqual(it.turns(answer), [2])
  assert.ok(performance.now() - started < 2_000, `took ${performance.now() - started} ms`)
  await it.write(3, 'r')
  assert.deepEqual(it.turns(await it.ask(`order=oldest&wait=30&cursor=${answer.next}`)), [3])
  await it.close()
})

onEmptyDatabase(
  'one who may see an organization sees its events only; a right that ends ends the waiting',
  async (scratch) => {
    const it = await start(scratch)
    it.rights.all = false
    assert.equal((await it.ask('')).status, 401)
    assert.equal((await it.ask(`organizationId=${organization}`)).status, 200)
    const begun = await it.ask(`organizationId=${organization}&order=oldest&cursor=now`)
    const waiting = it.ask(`organizationId=${organization}&order=oldest&wait=30&cursor=${begun.next}`)
    it.rights.organization = false
    await it.write(2, 'r')
    assert.equal((await waiting).status, 401)
    await it.close()
  },
)

onEmptyDatabase('a shutdown answers whoever waits', async (scratch) => {
  const it = await start(scratch)
  const waiting = it.ask('order=oldest&wait=30&cursor=now')
  await new Promise((resolve) => setTimeout(resolve, 50))
  const started = performance.now()
  it.arrival.close()
  assert.equal((await waiting).status, 200)
  assert.ok(performance.now() - started < 1_000)
  await it.close()
})

onEmptyDatabase('bad filters, cursors and waits are refused, each by name', async (scratch) => {
  const it = await start(scratch)
  const bad = [
    'cursor=nonsense',
    'wait=31',
    'limit=0',
    'type=directory',
    'organizationId=home',
    'unknown=1',
    'order=random',
  ]
  for (const query of bad) assert.equal((await it.ask(query)).status, 400, query)
  const newest = await it.ask('limit=1')
  assert.equal((await it.ask(`order=oldest&cursor=${newest.next ?? 'now1'}`)).status, 400)
  await it.close()
})
