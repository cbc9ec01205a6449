import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import {
  exchange,
  obtainCode,
  pkce,
  postToken,
  redirectUri,
  refresh,
  within,
} from '../../../test/support/token-flow.ts'
import { openTokensFixture } from '../../../test/support/tokens.ts'

onEachEngine(
  'a code that comes a second time is refused and ends what the first brought (RFC 6749 4.1.2)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const code = await obtainCode(it, docs, await it.addPerson('alice'))
    const first = await exchange(it, docs, code)
    assert.equal(first.status, 200)
    const second = await exchange(it, docs, code)
    assert.deepEqual([second.status, second.body.error], [400, 'invalid_grant'])
    assert.equal(it.tokens.verifyAccessToken(first.body.access_token as string, docs.application.id), undefined)
    assert.equal((await refresh(it, docs, first.body.refresh_token as string)).body.error, 'invalid_grant')
    await it.close()
  },
)

onEachEngine('of requests that use one code at once, at most one gets tokens', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const alice = await it.addPerson('alice')
  for (let round = 0; round < 5; round++) {
    const code = await obtainCode(it, docs, alice)
    const all = await Promise.all(Array.from({ length: 6 }, () => exchange(it, docs, code)))
    const issued = all.filter(({ status }) => status === 200)
    assert.ok(issued.length <= 1, `${issued.length} of ${all.map(({ status }) => status)}`)
    for (const { status, body } of all) if (status !== 200) assert.equal(body.error, 'invalid_grant')
    for (const { body } of issued)
      await within(
        1_000,
        () => it.tokens.verifyAccessToken(body.access_token as string, docs.application.id) === undefined,
      )
  }
  assert.deepEqual(it.errors, [])
  await it.close()
})

onEachEngine(
  'a code is bound to client, verifier and address, and a refused attempt leaves it as it was',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const other = await it.addClient({ name: 'other' })
    const code = await obtainCode(it, docs, await it.addPerson('alice'))
    const form = {
      grant_type: 'authorization_code',
      code: code.code,
      code_verifier: code.verifier,
      redirect_uri: redirectUri,
    }
    const rows: [string, Promise<{ status: number; body: Record<string, unknown> }>, string][] = [
      ['another client', exchange(it, other, code), 'invalid_grant'],
      ['another verifier (RFC 7636 4.6)', exchange(it, docs, { ...code, verifier: pkce().verifier }), 'invalid_grant'],
      ['a short verifier (RFC 7636 4.1)', exchange(it, docs, { ...code, verifier: 'short' }), 'invalid_request'],
      ['no verifier', postToken(it, docs, { ...form, code_verifier: '' }), 'invalid_grant'],
      ['another address', postToken(it, docs, { ...form, redirect_uri: `${redirectUri}/x` }), 'invalid_grant'],
      ['another grant', postToken(it, docs, { ...form, grant_type: 'password' }), 'unsupported_grant_type'],
      ['an audience that was not granted', postToken(it, docs, { ...form, resource: it.url }), 'invalid_target'],
      ['nonsense', exchange(it, docs, { ...code, code: 'x'.repeat(43) }), 'invalid_grant'],
    ]
    for (const [what, attempt, error] of rows) {
      const { status, body } = await attempt
      assert.deepEqual([status, body.error], [400, error], what)
    }
    assert.equal((await exchange(it, docs, code)).status, 200)
    await it.close()
  },
)

onEachEngine('a code lives one minute', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const code = await obtainCode(it, docs, await it.addPerson('alice'))
  it.clock.movedMs = 61_000
  assert.equal((await exchange(it, docs, code)).body.error, 'invalid_grant')
  await it.close()
})
