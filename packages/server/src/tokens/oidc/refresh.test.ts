import assert from 'node:assert/strict'
import { moveApplicationIn, moveUserIn } from '#directory'
import { systemEntropy } from '#kernel'
import { systemAct } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { refresh, signInTo, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture } from '../../../test/support/tokens.ts'

onEachEngine(
  'a rotated refresh token: good again within the grace, after it everything of its sign-in ends (RFC 9700 4.14.2)',
  async (scratch) => {
    const it = await openTokensFixture(scratch, { refreshGraceMs: 10_000 })
    const docs = await it.addClient({ name: 'docs' })
    const first = await signInTo(it, docs, await it.addPerson('alice'))
    const { body: second } = await refresh(it, docs, first.refreshToken)
    assert.notEqual(second.refresh_token, first.refreshToken)

    it.clock.movedMs = 9_000
    const { status, body: third } = await refresh(it, docs, first.refreshToken)
    assert.equal(status, 200, 'a tab that was late, or whose reply was lost')
    assert.equal(
      it.tokens.verifyAccessToken(third.access_token as string, docs.application.id)?.client_id,
      docs.application.id,
    )

    it.clock.movedMs = 11_000
    const replayed = await refresh(it, docs, first.refreshToken)
    assert.equal(replayed.status, 400)
    assert.equal(replayed.body.error, 'invalid_grant')
    for (const token of [second.refresh_token, third.refresh_token])
      assert.equal((await refresh(it, docs, token as string)).body.error, 'invalid_grant')
    for (const token of [first.accessToken, second.access_token, third.access_token])
      assert.equal(it.tokens.verifyAccessToken(token as string, docs.application.id), undefined)
    const [event] = await it.events('tokens.grant_revoked')
    assert.equal((event?.data as { reason: string }).reason, 'reuse_detected')
    assert.match(await it.meter.expose(), /token_reuse_detected_total 1/)
    await it.close()
  },
)

onEachEngine('ten tabs refresh with one token at once: each gets tokens of its own', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const first = await signInTo(it, docs, await it.addPerson('alice'))
  const all = await Promise.all(Array.from({ length: 10 }, () => refresh(it, docs, first.refreshToken)))
  assert.deepEqual([...new Set(all.map(({ status }) => status))], [200])
  assert.equal(new Set(all.map(({ body }) => body.refresh_token)).size, 10)
  for (const { body } of all) assert.equal((await refresh(it, docs, body.refresh_token as string)).status, 200)
  await it.close()
})

onEachEngine('public clients rotate as confidential ones do (OAuth 2.1 4.3.1)', async (scratch) => {
  const it = await openTokensFixture(scratch, { refreshGraceMs: 0 })
  const app = await it.addClient({ name: 'app', authMethod: 'none' })
  const first = await signInTo(it, app, await it.addPerson('alice'))
  const { status, body } = await refresh(it, app, first.refreshToken)
  assert.equal(status, 200)
  assert.notEqual(body.refresh_token, first.refreshToken)
  assert.equal((await refresh(it, app, first.refreshToken)).body.error, 'invalid_grant')
  await it.close()
})

onEachEngine('a refresh token ends with its session', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const first = await signInTo(it, docs, await it.addPerson('alice'))
  it.endSession(first.session.id)
  const refused = await refresh(it, docs, first.refreshToken)
  assert.equal(refused.body.error, 'invalid_grant')
  await it.close()
})

onEachEngine('a refresh token is of one client only (RFC 6749 6)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const other = await it.addClient({ name: 'other' })
  const first = await signInTo(it, docs, await it.addPerson('alice'))
  assert.equal((await refresh(it, other, first.refreshToken)).body.error, 'invalid_grant')
  assert.equal((await refresh(it, docs, first.refreshToken)).status, 200)
  assert.equal((await refresh(it, docs, 'nonsense')).body.error, 'invalid_grant')
  await it.close()
})

onEachEngine(
  'suspending a person ends what they hold within a second, and activating brings nothing back',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const alice = await it.addPerson('alice')
    const bob = await it.addPerson('bob')
    const hers = await signInTo(it, docs, alice)
    const his = await signInTo(it, docs, bob)
    const deps = { clock: it.clock, entropy: systemEntropy }
    await it.storage.transact((tx) => moveUserIn(tx, deps, systemAct, alice.id, 'suspend'))
    assert.equal(
      (await refresh(it, docs, hers.refreshToken)).body.error,
      'invalid_grant',
      'at once: the directory is asked',
    )
    await within(1_000, () => it.tokens.verifyAccessToken(hers.accessToken, docs.application.id) === undefined)
    assert.equal(it.tokens.verifyAccessToken(his.accessToken, docs.application.id)?.sub, bob.id)

    await it.storage.transact((tx) => moveUserIn(tx, deps, systemAct, alice.id, 'activate'))
    const rows = () =>
      it.storage.db.selectFrom('token_artifacts').select('kind').where('subject', '=', alice.id).execute()
    await within(2_000, async () => (await rows()).length === 0)
    assert.equal((await refresh(it, docs, hers.refreshToken)).body.error, 'invalid_grant')
    assert.equal(it.tokens.verifyAccessToken(hers.accessToken, docs.application.id), undefined)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const again = await signInTo(it, docs, alice)
    await within(1_000, () => it.tokens.verifyAccessToken(again.accessToken, docs.application.id)?.sub === alice.id)
    await it.close()
  },
)

onEachEngine(
  'suspending an application ends its tokens and its clients, on a server that starts later too',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const hers = await signInTo(it, docs, await it.addPerson('alice'))
    const deps = { clock: it.clock, entropy: systemEntropy }
    await it.storage.transact((tx) => moveApplicationIn(tx, deps, systemAct, docs.application.id, 'suspend'))
    await within(1_000, () => it.tokens.verifyAccessToken(hers.accessToken, docs.application.id) === undefined)
    const refused = await refresh(it, docs, hers.refreshToken)
    assert.deepEqual([refused.status, refused.body.error], [401, 'invalid_client'])
    const port = Number(new URL(it.url).port)
    await it.close()
    const later = await openTokensFixture(scratch, { port })
    await within(1_000, () => later.tokens.verifyAccessToken(hers.accessToken, docs.application.id) === undefined)
    await later.close()
  },
)
