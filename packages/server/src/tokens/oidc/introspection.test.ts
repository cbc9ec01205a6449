import assert from 'node:assert/strict'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { onEachEngine } from '../../../test/support/engines.ts'
import { credentialsOf, refresh, signInTo } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'
import { addConsent } from '../consent/consent.store.ts'

onEachEngine('introspection tells the client and the audience, and nobody else (RFC 7662 2.2, 4)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const url = `${it.url}/oauth/introspect`
  const docs = await it.addClient({ name: 'docs', scopes: ['openid', 'read'], origins: ['https://docs.example'] })
  const web = await it.addClient({ name: 'web', scopes: ['openid', 'read'] })
  const other = await it.addClient({ name: 'other' })
  const alice = await it.addPerson('alice')
  const consent = { userId: alice.id, clientId: web.application.id, scopes: [docs.application.id], givenAtMs: 1 }
  await it.storage.transact((tx) => addConsent(tx, consent))
  const got = await signInTo(it, web, alice, { scope: 'openid read', resource: 'https://docs.example' })
  for (const client of [web, docs]) {
    const { body } = await postForm(url, { token: got.accessToken }, credentialsOf(client))
    assert.equal(body.active, true)
    assert.equal(body.sub, alice.id)
    assert.equal(body.client_id, web.application.id)
    assert.equal(body.aud, docs.application.id)
    assert.equal(body.iss, it.url)
    assert.equal(body.token_type, 'Bearer')
    assert.deepEqual((body.scope as string).split(' ').sort(), ['openid', 'read'])
  }
  const stranger = await postForm(url, { token: got.accessToken }, credentialsOf(other))
  assert.deepEqual(stranger.body, { active: false })
  const own = await postForm(url, { token: got.refreshToken }, credentialsOf(web))
  assert.equal(own.body.active, true)
  assert.deepEqual((await postForm(url, { token: got.refreshToken }, credentialsOf(docs))).body, { active: false })
  const { jti } = decodeJwt(got.accessToken)
  for (const token of [jti as string, 'x', `${got.accessToken}x`, got.idToken])
    assert.deepEqual((await postForm(url, { token }, credentialsOf(web))).body, { active: false }, token)
  assert.equal((await postForm(url, { token: got.accessToken })).status, 400)
  assert.equal((await postForm(url, { token: got.accessToken }, { id: web.application.id, secret: 'x' })).status, 401)
  assert.equal((await postForm(url, {}, credentialsOf(web))).body.error, 'invalid_request')
  assert.deepEqual(it.errors, [])
  await it.close()
})

onEachEngine('a revoked access token is dead at once, and it alone (RFC 7009 2)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const other = await it.addClient({ name: 'other' })
  const got = await signInTo(it, docs, await it.addPerson('alice'))
  const revoke = (token: string, client = docs) => postForm(`${it.url}/oauth/revoke`, { token }, credentialsOf(client))
  assert.equal((await revoke(got.accessToken, other)).status, 200, 'says nothing of tokens of others')
  assert.ok(it.tokens.verifyAccessToken(got.accessToken, docs.application.id))
  assert.equal(
    (await revoke(decodeJwt(got.accessToken).jti as string)).status,
    200,
    'the id of a token is not the token',
  )
  assert.ok(it.tokens.verifyAccessToken(got.accessToken, docs.application.id))

  assert.equal((await revoke(got.accessToken)).status, 200)
  assert.equal(it.tokens.verifyAccessToken(got.accessToken, docs.application.id), undefined)
  const asked = await postForm(`${it.url}/oauth/introspect`, { token: got.accessToken }, credentialsOf(docs))
  assert.deepEqual(asked.body, { active: false })
  const info = await fetch(`${it.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${got.accessToken}` } })
  assert.equal(info.status, 401)
  assert.equal((await revoke(got.accessToken)).status, 200, 'again')

  const next = await refresh(it, docs, got.refreshToken)
  assert.equal(next.status, 200)
  assert.equal((await revoke(next.body.refresh_token as string)).status, 200)
  assert.equal((await refresh(it, docs, next.body.refresh_token as string)).body.error, 'invalid_grant')
  assert.equal(it.tokens.verifyAccessToken(next.body.access_token as string, docs.application.id), undefined)
  assert.deepEqual(
    (await it.events()).map(({ type }) => type).filter((type) => type.endsWith('_revoked')),
    ['tokens.token_revoked', 'tokens.grant_revoked'],
  )
  await it.close()
})

onEachEngine(
  'userinfo: by a token with openid, in header or form, never by its id (OIDC Core 5.3)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const alice = await it.addPerson('alice')
    const url = `${it.url}/oauth/userinfo`
    const got = await signInTo(it, docs, alice, { scope: 'openid profile' })
    const bearer = (token: string) => fetch(url, { headers: { authorization: `Bearer ${token}` } })
    assert.deepEqual(await (await bearer(got.accessToken)).json(), {
      sub: alice.id,
      name: 'alice',
      preferred_username: 'alice',
      updated_at: Math.floor(alice.updatedAtMs / 1_000),
    })
    const form = await postForm(url, { access_token: got.accessToken })
    assert.equal(form.body.sub, alice.id)
    const without = await signInTo(it, docs, alice, { scope: 'profile' })
    assert.equal((await bearer(without.accessToken)).status, 403)
    for (const token of [decodeJwt(got.accessToken).jti as string, got.idToken, got.refreshToken, 'x']) {
      const refused = await bearer(token)
      assert.equal(refused.status, 401, token)
      assert.match(refused.headers.get('www-authenticate') as string, /invalid_token/)
    }
    it.endSession(got.session.id)
    assert.equal((await bearer(got.accessToken)).status, 401, 'its session has ended')
    await it.close()
  },
)

onEachEngine('introspection answers as a JWT for who asked, when asked to (RFC 9701 4, 5)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const other = await it.addClient({ name: 'other' })
  const got = await signInTo(it, docs, await it.addPerson('alice'))
  const ask = async (client: typeof docs) => {
    const { id, secret } = credentialsOf(client)
    const response = await fetch(`${it.url}/oauth/introspect`, {
      method: 'POST',
      headers: {
        accept: 'application/token-introspection+jwt',
        authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
      },
      body: new URLSearchParams({ token: got.accessToken }),
    })
    assert.equal(response.headers.get('content-type'), 'application/token-introspection+jwt')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    return jwtVerify(await response.text(), createRemoteJWKSet(new URL(`${it.url}/oauth/jwks`)), {
      typ: 'token-introspection+jwt',
      issuer: it.url,
      audience: id,
    })
  }
  const { payload } = await ask(docs)
  assert.equal(payload.exp, undefined, 'it is no token')
  const told = payload.token_introspection as Record<string, unknown>
  assert.equal(told.active, true)
  assert.equal(told.sub, decodeJwt(got.accessToken).sub)
  assert.deepEqual((await ask(other)).payload.token_introspection, { active: false })
  await it.close()
})

onEachEngine(
  'what is no plain question by secret is answered by the provider, alike (RFC 7662 2.1)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const url = `${it.url}/oauth/introspect`
    const docs = await it.addClient({ name: 'docs' })
    const { id, secret } = credentialsOf(docs)
    const { accessToken: token } = await signInTo(it, docs, await it.addPerson('alice'))
    const byForm = await postForm(url, { token, client_id: id, client_secret: secret })
    assert.equal(byForm.body.active, true)
    const fast = (await postForm(url, { token }, { id, secret })).body
    const slow = (await postForm(url, { token }, { id: id.replace('_', '%5F'), secret })).body
    assert.equal(slow.active, true)
    for (const [name, value] of Object.entries(slow)) assert.deepEqual(fast[name], value, name)
    const twice = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams([
        ['token', token],
        ['token', token],
      ]),
    })
    assert.equal(twice.status, 400)
    const both = await postForm(url, { token, client_id: id, client_secret: secret }, { id, secret })
    assert.equal(both.status, 400, 'one mechanism only (RFC 6749 2.3)')
    const claimed = await postForm(url, { token, client_id: 'app_other' }, { id, secret })
    assert.equal(claimed.status, 400)
    const json = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    assert.equal(json.status, 400)
    it.clock.movedMs = 10 * 60_000 + 1_000
    assert.deepEqual(
      (await postForm(url, { token }, { id, secret })).body,
      { active: false },
      'ended, without tolerance',
    )
    await it.close()
  },
)
