import assert from 'node:assert/strict'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import type { User } from '#directory'
import '#authentication'
import { record } from '#feed'
import { onEachEngine } from '../../../test/support/engines.ts'
import { listenAsOther } from '../../../test/support/listener.ts'
import { signInTo, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, type TokensFixture } from '../../../test/support/tokens.ts'

async function endedEvent(it: TokensFixture, user: User, session: string): Promise<void> {
  it.endSession(session)
  await it.storage.transact((tx) =>
    record(
      tx,
      { actor: { type: 'system', name: 'test' }, requestId: 'test' },
      {
        type: 'authentication.session_ended' as never,
        atMs: Date.now(),
        organizationId: user.organizationId,
        object: { type: 'User', id: user.id, name: user.username },
        touches: [],
        data: { session, user: user.id, reason: 'test' } as never,
      },
    ),
  )
}

onEachEngine(
  'an application hears of the end of a session by a logout token of its own (OIDC BCL 2.4, 2.5)',
  async (scratch) => {
    const other = await listenAsOther(() => 200)
    const it = await openTokensFixture(scratch)
    const oauth = { backchannelLogoutUri: `${other.url}/logout`, backchannelLogoutSession: true }
    const docs = await it.addClient({ name: 'docs', oauth })
    const quiet = await it.addClient({ name: 'quiet' })
    const alice = await it.addPerson('alice')
    const got = await signInTo(it, docs, alice)
    await signInTo(it, quiet, alice)
    assert.equal(decodeJwt(got.idToken).sid, got.session.id)
    await endedEvent(it, alice, got.session.id)
    await within(5_000, () => other.heard.length === 1)
    const [{ headers, body, path }] = other.heard as [(typeof other.heard)[0]]
    assert.equal(path, '/logout')
    assert.equal(headers['content-type'], 'application/x-www-form-urlencoded')
    const token = new URLSearchParams(body).get('logout_token') as string
    const keys = createRemoteJWKSet(new URL(`${it.url}/oauth/jwks`))
    const options = { typ: 'logout+jwt', issuer: it.url, audience: docs.application.id }
    const { payload } = await jwtVerify(token, keys, options)
    assert.equal(payload.sub, alice.id)
    assert.equal(payload.sid, got.session.id)
    assert.deepEqual(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} })
    assert.equal(payload.nonce, undefined)
    assert.ok(payload.jti && (payload.exp as number) - (payload.iat as number) <= 120)
    await within(5_000, async () => (await it.events('tokens.client_notified')).length === 1)
    await endedEvent(it, alice, got.session.id)
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    assert.equal(other.heard.length, 1, 'once')
    await it.close()
    await other.close()
  },
)

onEachEngine(
  'an application that does not answer is told again, with another token (OIDC BCL 2.5)',
  async (scratch) => {
    let down = true
    const other = await listenAsOther(() => (down ? 503 : 204))
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs', oauth: { backchannelLogoutUri: `${other.url}/logout` } })
    const alice = await it.addPerson('alice')
    const got = await signInTo(it, docs, alice)
    await endedEvent(it, alice, got.session.id)
    await within(5_000, () => other.heard.length === 1)
    down = false
    it.clock.movedMs = 60_000
    await within(5_000, () => other.heard.length === 2)
    const [first, second] = other.heard.map(({ body }) =>
      decodeJwt(new URLSearchParams(body).get('logout_token') as string),
    )
    assert.notEqual(first?.jti, second?.jti)
    await within(5_000, async () => (await it.events('tokens.client_notified')).length === 1)
    assert.equal(((await it.events('tokens.client_notified'))[0]?.data as { attempts: number }).attempts, 2)
    await it.close()
    await other.close()
  },
)

onEachEngine('one that cannot be told within hours is given up, on the record', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs', oauth: { backchannelLogoutUri: 'http://127.0.0.1:9/logout' } })
  const alice = await it.addPerson('alice')
  const got = await signInTo(it, docs, alice)
  await endedEvent(it, alice, got.session.id)
  await within(
    5_000,
    async () => (await it.storage.db.selectFrom('client_notices').selectAll().execute())[0]?.attempts === 1,
  )
  it.clock.movedMs = 5 * 3_600_000
  await within(5_000, async () => (await it.events('tokens.client_not_notified')).length === 1)
  assert.deepEqual(await it.storage.db.selectFrom('client_notices').selectAll().execute(), [])
  await it.close()
})
