import assert from 'node:assert/strict'
import { record } from '#feed'
import { Fault, ManualClock, Type } from '#kernel'
import type { Storage } from '#storage'
import { onEachEngine, type Scratch } from '../../test/support/engines.ts'
import { startShell } from '../../test/support/shell.ts'
import { rememberMs } from './once.ts'
import { Answer, operation } from './operation.ts'

declare module '#feed' {
  interface EventCatalogue {
    'test.made': { name: string }
  }
}
const { defineEvents } = await import('#feed')
defineEvents({ 'test.made': 'A test made a thing' })

/** Where a process may die, or an answer may go wrong, in one request. */
let failure: 'none' | 'before commit' | 'after commit' | 'fault after commit' = 'none'
let gate: Promise<void> = Promise.resolve()

const makeThing = (storage: Storage, clock: ManualClock) =>
  operation({
    id: 'things.make',
    method: 'POST',
    url: '/api/things',
    summary: 'Make',
    access: { kind: 'self', why: 'a test' },
    schemas: { body: Type.Object({ name: Type.String() }), reply: Type.Unknown() },
    handle: async ({ act, body }) => {
      const { at } = await storage.write(async (tx) => {
        await record(tx, act, {
          type: 'test.made',
          atMs: clock.nowMs(),
          organizationId: undefined,
          object: { type: 'Thing', id: body.name },
          data: { name: body.name },
        })
        if (failure === 'before commit') throw new Error('died')
      })
      await gate
      // A throw that is no Fault leaves the claim as a dead process would: without an answer.
      if (failure === 'after commit') throw new Error('died')
      if (failure === 'fault after commit') throw new Fault('web.revision_conflict', { detail: 'halfway' })
      return new Answer(
        { made: body.name, secret: `s-${body.name}`, rand: Math.random() },
        { status: 201, at, revision: 1 },
      )
    },
  })

async function start(scratch: Scratch) {
  const clock = new ManualClock(1_000_000)
  const shell = await startShell(scratch, { clock, operations: ({ storage }) => [makeThing(storage, clock)] })
  const make = async (key: string, name = 'one', user = 'alice') => {
    const answer = await fetch(`${shell.url}/api/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-test-user': user, 'idempotency-key': key },
      body: JSON.stringify({ name }),
    })
    const body = (await answer.json()) as Record<string, unknown>
    return { status: answer.status, body, headers: answer.headers }
  }
  const made = async () => {
    const row = await shell.storage.db
      .selectFrom('events')
      .select((e) => e.fn.countAll<number>().as('n'))
      .where('type', '=', 'test.made')
      .executeTakeFirstOrThrow()
    return Number(row.n)
  }
  failure = 'none'
  gate = Promise.resolve()
  return { shell, clock, make, made }
}

onEachEngine(
  'the same key and content takes effect once and gets the same answer; secrets in it are kept sealed',
  async (scratch) => {
    const { shell, make, made } = await start(scratch)
    const first = await make('k1')
    const second = await make('k1')
    assert.equal(first.status, 201)
    assert.deepEqual([second.status, second.body], [first.status, first.body])
    for (const name of ['etag', 'consistency-token']) assert.equal(second.headers.get(name), first.headers.get(name))
    assert.equal(second.headers.get('idempotency-replayed'), 'true')
    assert.equal(await made(), 1)
    const row = await shell.storage.db.selectFrom('request_claims').selectAll().executeTakeFirstOrThrow()
    assert.equal(Buffer.from(row.answer as Uint8Array).includes('s-one'), false)
    await shell.close()
  },
)

onEachEngine(
  'the same key with other content is refused; the same key of another sender is another key',
  async (scratch) => {
    const { shell, make, made } = await start(scratch)
    await make('k1')
    assert.deepEqual([(await make('k1', 'two')).body.code, await made()], ['web.idempotency_mismatch', 1])
    assert.deepEqual([(await make('k1', 'one', 'bob')).status, await made()], [201, 2])
    assert.equal((await make('bad key')).body.code, 'web.invalid')
    await shell.close()
  },
)

onEachEngine('crash points: nothing is made twice, and a repetition is told the truth', async (scratch) => {
  const { shell, clock, make, made } = await start(scratch)
  const table = [
    { at: 'before commit', first: 500, again: 201, code: undefined, made: 1 },
    { at: 'after commit', first: 500, again: 409, code: 'web.answer_lost', made: 1 },
    { at: 'fault after commit', first: 412, again: 412, code: 'web.revision_conflict', made: 1 },
  ] as const
  let before = 0
  for (const row of table) {
    failure = row.at
    assert.equal((await make(row.at.replaceAll(' ', '-'))).status, row.first, row.at)
    failure = 'none'
    clock.advanceMs(11_000)
    const again = await make(row.at.replaceAll(' ', '-'))
    assert.deepEqual([again.status, again.body.code], [row.again, row.code], row.at)
    if (row.code === 'web.answer_lost') assert.deepEqual(again.body.object, { type: 'Thing', id: 'one' })
    assert.equal((await made()) - before, row.made, row.at)
    before = await made()
  }
  await shell.close()
})

onEachEngine('two at a time: one takes effect, the other is told that it runs', async (scratch) => {
  const { shell, make, made } = await start(scratch)
  let release = () => {}
  gate = new Promise((resolve) => {
    release = resolve
  })
  const first = make('k1')
  while ((await made()) === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const second = await make('k1')
  assert.deepEqual([second.status, second.body.code], [409, 'web.idempotency_running'])
  assert.ok(Number(second.headers.get('retry-after')) >= 1)
  release()
  assert.equal((await first).status, 201)
  assert.equal((await make('k1')).status, 201)
  assert.equal(await made(), 1)
  await shell.close()
})

onEachEngine('two nodes with one key at the same moment: the transaction of the second is refused', async (scratch) => {
  const { shell, clock } = await start(scratch)
  const once = { scope: 'user:1', key: 'k', fingerprint: 'f' }
  const attempt = (name: string) =>
    shell.storage.transact((tx) =>
      record(
        tx,
        { actor: { type: 'system', name: 'test' }, requestId: name, once: { ...once, attempt: name } },
        {
          type: 'test.made',
          atMs: clock.nowMs(),
          organizationId: undefined,
          object: { type: 'Thing', id: name },
          data: { name },
        },
      ),
    )
  const outcomes = await Promise.allSettled([attempt('a'), attempt('b'), attempt('c')])
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.equal((outcome.reason as Fault).code, 'feed.claimed')
  await shell.close()
})

onEachEngine('keys are forgotten after a day by range deletes', async (scratch) => {
  const { shell, clock, make } = await start(scratch)
  const { OnceGuard } = await import('./once.ts')
  await make('k1')
  clock.advanceMs(rememberMs / 2)
  await make('k2')
  clock.advanceMs(rememberMs / 2 + 1)
  await new OnceGuard({ ...shell, clock }).expire()
  const rows = await shell.storage.db.selectFrom('request_claims').select('key').execute()
  assert.deepEqual(
    rows.map((row) => row.key),
    ['k2'],
  )
  await shell.close()
})
