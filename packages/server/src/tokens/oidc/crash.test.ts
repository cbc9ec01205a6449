import assert from 'node:assert/strict'
import { Fault } from '#kernel'
import type { Storage } from '#storage'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { exchange, obtainCode, postToken, signInTo } from '../../../test/support/token-flow.ts'
import { openTokensFixture } from '../../../test/support/tokens.ts'

/** Storage that dies at a chosen point of a transaction, or after its commit, as a process would. */
function mortal(storage: Storage) {
  let dieAt: number | 'after commit' | undefined
  let statements = 0
  const counting = <T extends object>(of: T): T =>
    new Proxy(of, {
      get(target, name) {
        const value = target[name as keyof T] as unknown
        if (typeof value !== 'function') return value
        if (name === 'getExecutor') return () => counting(value.call(target))
        const writes = ['insertInto', 'updateTable', 'deleteFrom', 'executeQuery'].includes(String(name))
        if (writes && statements++ === dieAt) throw died()
        return value.bind(target)
      },
    })
  const died = () => new Fault('storage.unavailable', { cause: 'died' })
  const transact: Storage['transact'] = async (body) => {
    if (dieAt === undefined) return storage.transact(body)
    const value = await storage.transact((tx) => {
      statements = 0
      return body(counting(tx))
    })
    if (dieAt === 'after commit') throw died()
    return value
  }
  return {
    storage: { ...storage, transact },
    /** Runs `body` with a death at this point; answers how many statements the last transaction made. */
    async dying<T>(at: typeof dieAt, body: () => Promise<T>): Promise<{ value: T; statements: number }> {
      dieAt = at
      statements = 0
      try {
        return { value: await body(), statements }
      } finally {
        dieAt = undefined
      }
    },
  }
}

async function openMortal(scratch: Scratch) {
  const made: ReturnType<typeof mortal>[] = []
  const wrapStorage = (storage: Storage) => {
    made.push(mortal(storage))
    return (made[0] as ReturnType<typeof mortal>).storage
  }
  const it = await openTokensFixture(scratch, { wrapStorage })
  return { it, dying: (made[0] as ReturnType<typeof mortal>).dying }
}

onEachEngine(
  'code exchange: wherever it dies before its commit, the code is as good as before and nothing is left',
  async (scratch) => {
    const { it, dying } = await openMortal(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const alice = await it.addPerson('alice')
    await exchange(it, docs, await obtainCode(it, docs, alice)) // what is compiled once is compiled now
    const whole = await obtainCode(it, docs, alice)
    const { statements } = await dying(1_000, () => exchange(it, docs, whole))
    assert.ok(statements >= 4, `consume, access token, refresh token, event: ${statements}`)
    const before = (await it.events('tokens.token_issued')).length
    for (let point = 0; point < statements; point++) {
      const code = await obtainCode(it, docs, alice)
      const { value: died } = await dying(point, () => exchange(it, docs, code))
      assert.deepEqual([died.status, died.body], [503, { error: 'temporarily_unavailable' }], `point ${point}`)
      assert.equal(died.headers.get('retry-after'), '1')
      assert.equal((await it.events('tokens.token_issued')).length, before + point, `no event at ${point}`)
      assert.equal((await exchange(it, docs, code)).status, 200, `the same code after point ${point}`)
    }
    const code = await obtainCode(it, docs, alice)
    assert.equal((await dying('after commit', () => exchange(it, docs, code))).value.status, 503)
    const again = await exchange(it, docs, code)
    assert.equal(again.body.error, 'invalid_grant', 'used, though its reply was lost: the person signs in again')
    await it.close()
  },
)

/** A parameter that nobody knows is ignored, and has the provider answer what would be answered without it. */
const ways = [
  ['without the provider', {}],
  ['by the provider', { foo: 'bar' }],
] as const

onEachEngine(
  'refresh, either way: wherever it dies, before its commit or after it, the old token still brings new ones',
  async (scratch) => {
    const { it, dying } = await openMortal(scratch)
    const docs = await it.addClient({ name: 'docs' })
    for (const [way, more] of ways) {
      const ask = (refresh_token: string) =>
        postToken(it, docs, { grant_type: 'refresh_token', refresh_token, ...more })
      let token = (await signInTo(it, docs, await it.addPerson(way.replaceAll(' ', '-')))).refreshToken
      const probe = await dying(1_000, () => ask(token))
      assert.ok(probe.statements >= 4, `${way}: consume, access token, refresh token, event: ${probe.statements}`)
      token = probe.value.body.refresh_token as string
      const issued = async () => (await it.events('tokens.token_issued')).length
      const points: (number | 'after commit')[] = [...Array(probe.statements).keys(), 'after commit']
      for (const point of points) {
        const before = await issued()
        const { value: died } = await dying(point, () => ask(token))
        assert.deepEqual(
          [died.status, died.body],
          [503, { error: 'temporarily_unavailable' }],
          `${way}, point ${point}`,
        )
        assert.equal(died.headers.get('retry-after'), '1')
        assert.equal(await issued(), before + (point === 'after commit' ? 1 : 0), `${way}: the event at ${point}`)
        const again = await ask(token)
        assert.equal(again.status, 200, `${way}: the same token after point ${point}: ${JSON.stringify(again.body)}`)
        token = again.body.refresh_token as string
      }
    }
    await it.close()
  },
)

onEachEngine(
  'client credentials, either way: wherever it dies there is neither half a token nor half a record',
  async (scratch) => {
    const { it, dying } = await openMortal(scratch)
    const job = await it.addClient({ name: 'job', kind: 'service' })
    const kept = async () => {
      const rows = await it.storage.db.selectFrom('token_artifacts').select('id').execute()
      return [rows.length, (await it.events('tokens.token_issued')).length]
    }
    for (const [way, more] of ways) {
      const ask = () => postToken(it, job, { grant_type: 'client_credentials', ...more })
      await ask() // what is compiled once is compiled now
      const { statements } = await dying(1_000, ask)
      assert.ok(statements >= 2, `${way}: access token, event: ${statements}`)
      for (let point = 0; point < statements; point++) {
        const before = await kept()
        const { value: died } = await dying(point, ask)
        assert.deepEqual(
          [died.status, died.body],
          [503, { error: 'temporarily_unavailable' }],
          `${way}, point ${point}`,
        )
        assert.deepEqual(await kept(), before, `${way}: nothing is left of point ${point}`)
      }
      assert.equal((await ask()).status, 200)
    }
    await it.close()
  },
)
