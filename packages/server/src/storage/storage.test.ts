import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { type Fault, isFault, systemClock } from '#kernel'
import { onEmptyDatabase, type Scratch } from '../../test/support/engines.ts'
import { isConsistencyToken, makeConsistencyToken, readConsistencyToken } from './consistency.ts'
import { type Migration, translateSchema } from './migration.ts'
import { openStorage } from './open.ts'
import type { Reader, Storage, Tx } from './storage.ts'

declare module '#storage' {
  interface Tables {
    test_counters: { id: string; value: number }
  }
}
export const counters: Migration = {
  id: '9000_test_counters',
  sql: 'create table test_counters (id text primary key, value int8 not null);',
}
const open = (scratch: Scratch, migrations: readonly Migration[] = [counters]) =>
  openStorage(scratch.address, { clock: systemClock, migrations, poolSize: 24 })
const add = (tx: Tx, id: string, value = 0) => tx.insertInto('test_counters').values({ id, value }).execute()
const idsOf = async (db: Reader) =>
  (await db.selectFrom('test_counters').select('id').orderBy('id').execute()).map((row) => row.id)
const applied = async (storage: Storage) =>
  (await sql<{ id: string }>`select id from migrations order by id`.execute(storage.db as never)).rows.map(
    ({ id }) => id,
  )

onEmptyDatabase('a body that throws leaves nothing, and takes nobody else with it', async (scratch) => {
  const storage = await open(scratch)
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, turn) =>
      storage.transact(async (tx) => {
        await add(tx, `a${turn}`)
        if (turn % 4 === 1) throw new Error('refused')
        if (turn % 4 === 2) await add(tx, `a${turn}`) // the engine refuses the second
        await add(tx, `b${turn}`)
      }),
    ),
  )
  const kept = outcomes.flatMap(({ status }, turn) => (status === 'fulfilled' ? [`a${turn}`, `b${turn}`] : []))
  assert.equal(kept.length, 20)
  assert.deepEqual(await idsOf(storage.db), kept.sort())
  await storage.close()
})

onEmptyDatabase(
  'what is read and then written in one transaction is never lost to another (serialization retry)',
  async (scratch) => {
    const storage = await open(scratch)
    await storage.transact((tx) => add(tx, 'x'))
    let bodies = 0
    await Promise.all(
      Array.from({ length: 40 }, () =>
        storage.transact(async (tx) => {
          bodies++
          const { value } = await tx
            .selectFrom('test_counters')
            .select('value')
            .where('id', '=', 'x')
            .executeTakeFirstOrThrow()
          await tx
            .updateTable('test_counters')
            .set({ value: value + 1 })
            .where('id', '=', 'x')
            .execute()
        }),
      ),
    )
    const row = await storage.db.selectFrom('test_counters').select('value').executeTakeFirstOrThrow()
    assert.equal(row.value, 40)
    assert.ok(bodies >= 40)
    await storage.close()
  },
)

onEmptyDatabase('a read sees committed state only, a write sees its own', async (scratch) => {
  const storage = await open(scratch)
  await storage.transact(async (tx) => {
    await add(tx, 'x')
    assert.deepEqual(await idsOf(tx), ['x'])
    assert.deepEqual(await idsOf(storage.db), [])
  })
  assert.deepEqual(await idsOf(storage.db), ['x'])
  await storage.close()
})

onEmptyDatabase(
  'integers come back as exact numbers, booleans as integers, and what a double cannot hold is refused',
  async (scratch) => {
    const storage = await open(scratch)
    await storage.transact((tx) => add(tx, 'most', Number.MAX_SAFE_INTEGER))
    const row = await storage.db.selectFrom('test_counters').selectAll().executeTakeFirstOrThrow()
    assert.deepEqual({ ...row }, { id: 'most', value: Number.MAX_SAFE_INTEGER })
    await storage.transact((tx) =>
      sql`insert into test_counters (id, value) values ('over', 9007199254740993)`.execute(tx as never),
    )
    await assert.rejects(storage.db.selectFrom('test_counters').selectAll().execute(), RangeError)
    await storage.close()
  },
)

onEmptyDatabase('text sorts by bytes on both engines, so that cursors agree', async (scratch) => {
  const storage = await open(scratch)
  const words = ['a', 'B', 'Z', 'é', 'z', 'ä', '_', '0', 'Ω', 'aa', 'A', '~', '-', '😀', '豆']
  await storage.transact(async (tx) => {
    for (const word of words) await add(tx, word)
  })
  const byBytes = [...words].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.deepEqual(await idsOf(storage.db), byBytes)
  await storage.close()
})

onEmptyDatabase(
  'migrations run in the order of their ids, once, and a failing one leaves what came before',
  async (scratch) => {
    const first = { id: '9001_test_b', sql: 'create table test_b (id text primary key);' }
    const second = {
      id: '9002_test_c',
      sql: 'alter table test_b add column more text;\ncreate table test_c (id text);',
    }
    const broken = { id: '9003_test_d', sql: 'create table test_d (id text);\ncreate table test_b (id text);' }
    await (await open(scratch, [second, first])).close()
    await assert.rejects(open(scratch, [broken, first, second]))
    const storage = await open(scratch, [first, second])
    assert.deepEqual(await applied(storage), ['9001_test_b', '9002_test_c'])
    await assert.rejects(sql`select * from test_d`.execute(storage.db as never))
    await storage.close()
  },
)

onEmptyDatabase('a database that a newer version has written is refused and left as it is', async (scratch) => {
  const newer = { id: '9999_test_future', sql: 'create table test_future (id text);' }
  await (await open(scratch, [counters, newer])).close()
  const later = { id: '9500_test_late', sql: 'create table test_late (id text);' }
  await assert.rejects(
    open(scratch, [counters, later]),
    (error) =>
      isFault(error, 'storage.too_new') && (error as Fault).extra?.migrations?.toString() === '9999_test_future',
  )
  const storage = await open(scratch, [counters, newer])
  assert.deepEqual(await applied(storage), ['9000_test_counters', '9999_test_future'])
  await storage.close()
})

onEmptyDatabase('after close, whoever still asks is told that the database does not answer', async (scratch) => {
  const storage = await open(scratch)
  await storage.close()
  const unavailable = (error: unknown) => isFault(error, 'storage.unavailable')
  await assert.rejects(
    storage.transact((tx) => add(tx, 'x')),
    scratch.address.engine === 'sqlite' ? unavailable : Error,
  )
  await assert.rejects(storage.ping())
})

onEmptyDatabase('the database tells its own time', async (scratch) => {
  const storage = await open(scratch)
  assert.ok(Math.abs((await storage.nowMs()) - Date.now()) < 5_000)
  await storage.close()
})

test('translateSchema: each engine gets its own words, and only where they are words', () => {
  const text =
    'create table context (id text primary key, n int8 not null, f float8, b bytea);\ncreate index i on context (id);'
  assert.equal(
    translateSchema('sqlite', text),
    'create table context (id text primary key, n integer not null, f real, b blob) strict;\ncreate index i on context (id);',
  )
  assert.equal(
    translateSchema('postgres', text),
    'create table context (id text collate "C" primary key, n int8 not null, f float8, b bytea);\ncreate index i on context (id);',
  )
  assert.equal(
    translateSchema('sqlite', 'create table a (b text, primary key (b))'),
    'create table a (b text, primary key (b)) strict',
  )
  assert.equal(translateSchema('postgres', translateSchema('postgres', text)), translateSchema('postgres', text))
})

test('consistency tokens: what is made is read by the same engine only, and nothing else has their shape', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 18n), fc.constantFrom('sqlite', 'postgres'), (number, engine) => {
      const token = makeConsistencyToken(engine, number)
      assert.equal(isConsistencyToken(token), true)
      assert.equal(readConsistencyToken(engine, token), number)
      assert.equal(readConsistencyToken(engine === 'sqlite' ? 'postgres' : 'sqlite', token), undefined)
    }),
  )
  for (const bad of ['', 's', 's-1', 's01', 'x1', 's1 ', `s${'9'.repeat(20)}`, 1, null])
    assert.equal(isConsistencyToken(bad), false)
})
