import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Kysely, SqliteDialect, sql } from 'kysely'
import { isFault, systemClock } from '#kernel'
import { scratchDatabase } from '../../../test/support/engines.ts'
import { openStorage } from '../open.ts'
import type { Tables, Tx } from '../storage.ts'
import { openDisk } from './disk.ts'
import { asKyselyDatabase } from './driver.ts'
import { lockDataDirectory } from './lock.ts'
import { Writer } from './writer.ts'

const insert = (tx: Tx, id: number) => sql`insert into t (id) values (${id})`.execute(tx as never)

/** A connection on which the nth execution of a statement fails as a sick disk would make it. */
function failing(file: string, statement: string, nth: number): DatabaseSync {
  const real = new DatabaseSync(file)
  let seen = 0
  return new Proxy(real, {
    get: (target, name) => {
      if (name === 'exec')
        return (text: string) => {
          if (text === statement && ++seen === nth)
            throw Object.assign(new Error(`disk I/O error at ${text}`), { errcode: 10 })
          target.exec(text)
        }
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

test('group commit, crash points: who was answered is kept, who was not is not, and the next batch goes on', async () => {
  // Five bodies in one batch, the third of which throws by itself; then one more in the next batch.
  const table = [
    { fails: 'none', nth: 0, answered: [1, 2, 4, 5] },
    { fails: 'begin immediate', nth: 1, answered: [] },
    { fails: 'savepoint body', nth: 2, answered: [1, 4, 5] },
    { fails: 'release body', nth: 1, answered: [2, 4, 5] },
    { fails: 'release body', nth: 4, answered: [1, 2, 4] },
    { fails: 'rollback to body; release body', nth: 1, answered: [] },
    { fails: 'commit', nth: 1, answered: [] },
  ]
  for (const row of table) {
    const directory = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
    const file = join(directory, 'a.db')
    const setup = new DatabaseSync(file)
    setup.exec('pragma journal_mode = wal; create table t (id integer primary key) strict')
    const database = failing(file, row.fails, row.nth)
    database.exec('pragma synchronous = normal')
    const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: asKyselyDatabase(database) }) })
    const disk = openDisk(file)
    const writer = new Writer(database, kysely, disk)
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4, 5].map((id) =>
        writer.write(async (tx) => {
          await insert(tx, id)
          if (id === 3) throw new Error('refused')
        }),
      ),
    )
    const answered = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index + 1] : []))
    const stored = () =>
      setup
        .prepare('select id from t order by id')
        .all()
        .map((found) => found.id)
    const place = `${row.fails} ${row.nth}`
    // After `rollback to` failed, the third body was told its own error; 4 and 5 run in a batch of their own.
    const expected = row.fails.startsWith('rollback') ? [4, 5] : row.answered
    assert.deepEqual(answered, expected, place)
    assert.deepEqual(stored(), expected, place)
    await writer.write((tx) => insert(tx, 6))
    assert.deepEqual(stored(), [...expected, 6], place)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected' && outcome.reason.message !== 'refused')
        assert.equal(isFault(outcome.reason, 'storage.unavailable'), true, `${place}: ${outcome.reason}`)
    await kysely.destroy()
    setup.close()
    disk.close()
    rmSync(directory, { recursive: true })
  }
})

test('a durable body is answered after its flush, whatever lazy ones stand around it; lazy ones alone are not flushed; nothing is written after a flush that failed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  const file = join(directory, 'a.db')
  const database = new DatabaseSync(file)
  database.exec(
    'pragma journal_mode = wal; pragma synchronous = normal; create table t (id integer primary key) strict',
  )
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: asKyselyDatabase(database) }) })
  const told: string[] = []
  let isSick = false
  const disk = {
    flush: async () => {
      told.push('flushing')
      await new Promise((resolve) => setImmediate(resolve))
      if (isSick) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
      told.push('flushed')
    },
  }
  const writer = new Writer(database, kysely, disk)
  writer.onCommit(() => told.push('listeners'))
  let id = 0
  const write = (lazily: boolean) =>
    writer.write((tx) => insert(tx, ++id), { lazily }).then(() => told.push(lazily ? 'lazy' : 'durable'))

  await Promise.all([write(true), write(true)])
  await writer.idle()
  assert.deepEqual(told.splice(0), ['lazy', 'lazy', 'listeners'], 'counters and forms under way wait for no disk')
  await Promise.all([write(true), write(false), write(true), write(false)])
  await writer.idle()
  const [flushing, flushed, ...answered] = told.splice(0)
  assert.deepEqual(
    [flushing, flushed, answered.sort()],
    ['flushing', 'flushed', ['durable', 'durable', 'lazy', 'lazy', 'listeners']],
  )
  // A durable body that comes while a batch of lazy ones is written does not go out with it unflushed.
  let late: Promise<unknown> | undefined
  await writer.write(
    async (tx) => {
      await insert(tx, ++id)
      late = write(false)
    },
    { lazily: true },
  )
  assert.equal(told.includes('flushing'), false, 'the lazy one is answered before')
  await late
  await writer.idle()
  assert.deepEqual(told.splice(0), ['listeners', 'flushing', 'flushed', 'durable', 'listeners'])

  isSick = true
  const unavailable = (error: unknown) => isFault(error, 'storage.unavailable')
  await assert.rejects(write(false), unavailable)
  isSick = false
  await assert.rejects(write(false), unavailable, 'what the disk has now is known again after a start')
  await assert.rejects(write(true), unavailable)
  assert.ok(unavailable(writer.broken))
  assert.equal(told.includes('durable'), false)
  await kysely.destroy()
  rmSync(directory, { recursive: true })
})

test('a full disk refuses the change with one clear fault, keeps what was there, and heals', async () => {
  const scratch = await scratchDatabase('sqlite', { empty: true })
  const migrations = [{ id: '9000_test', sql: 'create table t (id int8 primary key, body text);' }]
  const storage = await openStorage(scratch.address, { clock: systemClock, migrations })
  const fill = (id: number, size: number) =>
    storage.transact((tx) => sql`insert into t (id, body) values (${id}, ${'x'.repeat(size)})`.execute(tx as never))
  const count = async () => (await sql`select 1 from t`.execute(storage.db as never)).rows.length
  await fill(1, 1_000)
  await storage.transact((tx) => sql`pragma max_page_count = 40`.execute(tx as never))
  const outcomes = await Promise.allSettled([2, 3, 4].map((id) => fill(id, 1_000_000)))
  for (const outcome of outcomes) assert.ok(outcome.status === 'rejected' && isFault(outcome.reason, 'storage.full'))
  assert.equal(await count(), 1)
  await fill(5, 100)
  await storage.transact((tx) => sql`pragma max_page_count = 100000`.execute(tx as never))
  await fill(6, 1_000_000)
  assert.equal(await count(), 3)
  await storage.close()
  await scratch.remove()
})

test('a data directory has one server; the lock goes with its process, even by kill -9', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  const inUse = (error: unknown) => isFault(error, 'storage.in_use')
  const mine = lockDataDirectory(directory)
  assert.throws(() => lockDataDirectory(directory), inUse)
  mine.release()
  const script = `import { lockDataDirectory } from ${JSON.stringify(new URL('lock.ts', import.meta.url).href)}
    lockDataDirectory(${JSON.stringify(directory)}); globalThis.gc(); console.log('locked'); setInterval(() => {}, 1000)`
  const packageRoot = new URL('../../..', import.meta.url)
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
    cwd: packageRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.throws(() => lockDataDirectory(directory), inUse)
  child.kill('SIGKILL')
  await once(child, 'exit')
  lockDataDirectory(directory).release()
  rmSync(directory, { recursive: true })
})
