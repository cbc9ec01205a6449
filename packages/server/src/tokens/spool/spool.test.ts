import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { decodeJwt } from 'jose'
import { Fault } from '#kernel'
import type { Storage } from '#storage'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { credentialsOf, exchange, obtainCode, refresh, signInTo, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

/** A token service whose database goes away and comes back when told. */
async function openOverGap(scratch: Scratch) {
  const gap = { away: false }
  const wrapStorage = (storage: Storage): Storage => {
    const held = <T>(run: () => Promise<T>): Promise<T> =>
      gap.away ? Promise.reject(new Fault('storage.unavailable', { retryAfterSeconds: 1 })) : run()
    return {
      ...storage,
      transact: (body) => held(() => storage.transact(body)),
      write: (body) => held(() => storage.write(body)),
      ping: () => held(() => storage.ping()),
    }
  }
  const spoolDirectory = join(scratch.directory, 'spool')
  return { gap, it: await openTokensFixture(scratch, { wrapStorage, spoolDirectory }), spoolDirectory }
}

onEachEngine(
  'while the database is away, clients in their own name get tokens; all else waits, and nothing is lost',
  async (scratch) => {
    const { gap, it, spoolDirectory } = await openOverGap(scratch)
    const job = await it.addClient({ name: 'job', kind: 'service' })
    const docs = await it.addClient({ name: 'docs' })
    const alice = await it.addPerson('alice')
    const ask = () => postForm(`${it.url}/oauth/token`, { grant_type: 'client_credentials' }, credentialsOf(job))
    assert.equal((await ask()).status, 200)
    const { refreshToken } = await signInTo(it, docs, alice)
    const code = await obtainCode(it, docs, alice)
    const before = (await it.events('tokens.token_issued')).length
    gap.away = true
    const bridged = await Promise.all(Array.from({ length: 5 }, ask))
    for (const { status } of bridged) assert.equal(status, 200)
    const token = bridged[0]?.body.access_token as string
    assert.ok(it.tokens.verifyAccessToken(token, job.application.id))
    assert.equal(
      readFileSync(join(spoolDirectory, 'issued.jsonl'), 'utf8').includes(token),
      false,
      'never the token itself',
    )
    for (const refused of [await refresh(it, docs, refreshToken), await exchange(it, docs, code)]) {
      assert.equal(refused.status, 503)
      assert.ok(refused.headers.get('retry-after'))
    }
    const wrong = await postForm(
      `${it.url}/oauth/token`,
      { grant_type: 'client_credentials' },
      { ...credentialsOf(job), secret: 'x' },
    )
    assert.equal(wrong.status, 401, 'a wrong secret is wrong now too')
    it.clock.movedMs = 40_000
    assert.equal((await ask()).status, 503, 'after half a minute nothing is given any more')
    gap.away = false
    await within(10_000, async () => (await it.events('tokens.token_issued')).length === before + 5)
    const told = await postForm(`${it.url}/oauth/introspect`, { token }, credentialsOf(job))
    assert.equal(told.body.active, true, 'known to introspection on every node')
    assert.equal((await refresh(it, docs, refreshToken)).status, 200, 'the refresh token is as good as before')
    await within(5_000, () => readFileSync(join(spoolDirectory, 'issued.jsonl'), 'utf8') === '')
    assert.equal((await ask()).status, 200)
    await it.close()
  },
)

onEachEngine(
  'a crash while the database is away loses no record of what was issued, and repeats none',
  async (scratch) => {
    const { gap, it, spoolDirectory } = await openOverGap(scratch)
    const job = await it.addClient({ name: 'job', kind: 'service' })
    const ask = () => postForm(`${it.url}/oauth/token`, { grant_type: 'client_credentials' }, credentialsOf(job))
    await ask()
    gap.away = true
    assert.equal((await ask()).status, 200)
    await it.close()
    const next = await openTokensFixture(scratch, { spoolDirectory })
    await within(10_000, async () => (await next.events('tokens.token_issued')).length === 2)
    await within(5_000, () => readFileSync(join(spoolDirectory, 'issued.jsonl'), 'utf8') === '')
    await next.close()
    const third = await openTokensFixture(scratch, { spoolDirectory })
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal((await third.events('tokens.token_issued')).length, 2)
    await third.close()
  },
)

onEachEngine(
  'a token issued while the database is away has its place in the status list, kept with it, and is found there once revoked (Token Status List 8.3)',
  async (scratch) => {
    const { gap, it } = await openOverGap(scratch)
    const job = await it.addClient({ name: 'job', kind: 'service', oauth: { statusList: true } })
    const ask = () => postForm(`${it.url}/oauth/token`, { grant_type: 'client_credentials' }, credentialsOf(job))
    const placeOf = (token: unknown) =>
      (decodeJwt(token as string).status as { status_list: { idx: number; uri: string } }).status_list
    const first = placeOf((await ask()).body.access_token)
    gap.away = true
    const bridged = await Promise.all(Array.from({ length: 3 }, ask))
    const places = bridged.map(({ body }) => placeOf(body.access_token))
    assert.equal(new Set([first, ...places].map(({ idx, uri }) => `${uri} ${idx}`)).size, 4, 'each a place of its own')
    gap.away = false
    await within(10_000, async () => (await it.events('tokens.token_issued')).length === 4)
    const statusOf = async ({ idx, uri }: { idx: number; uri: string }) => {
      const response = await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } })
      const { lst } = decodeJwt(await response.text()).status_list as { lst: string }
      return ((inflateSync(Buffer.from(lst, 'base64url'))[Math.floor(idx / 8)] as number) >> (idx % 8)) & 1
    }
    const [spooled, another] = places as [(typeof places)[0], (typeof places)[0]]
    assert.deepEqual([await statusOf(spooled), await statusOf(another)], [0, 0])
    const revoked = await postForm(
      `${it.url}/oauth/revoke`,
      { token: bridged[0]?.body.access_token as string },
      credentialsOf(job),
    )
    assert.equal(revoked.status, 200)
    it.clock.movedMs += 2_000
    await within(10_000, async () => (await statusOf(spooled)) === 1)
    assert.equal(await statusOf(another), 0)
    await it.close()
  },
)
