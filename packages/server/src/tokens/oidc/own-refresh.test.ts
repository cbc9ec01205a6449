import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { onEachEngine } from '../../../test/support/engines.ts'
import { credentialsOf, signInTo, type TestClient } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'
import { Unit } from './unit.ts'

type Told = Awaited<ReturnType<typeof postForm>>

/** A JWT without what differs each time. */
const still = (jwt: string) => {
  const { jti, iat, exp, ...rest } = decodeJwt(jwt)
  return {
    ...decodeProtectedHeader(jwt),
    ...rest,
    hasId: jti !== undefined,
    life: Math.round(Number(exp) - Number(iat)) > 200,
  }
}

onEachEngine(
  'a refresh that is answered without the provider is answered as the provider answers it (RFC 6749 6, OIDC Core 12.2)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs', scopes: ['read', 'write', 'openid', 'profile', 'email'] })
    const app = await it.addClient({ name: 'app', authMethod: 'none', scopes: ['openid', 'profile', 'read'] })
    const alice = await it.addPerson('alice')
    const signIns: [string, TestClient, Record<string, string>][] = [
      ['openid alone', docs, { scope: 'openid' }],
      ['claims, scopes and a nonce', docs, { scope: 'openid profile email read', nonce: 'n-1' }],
      ['no openid', docs, { scope: 'read write' }],
      ['a public client', app, { scope: 'openid profile read', nonce: 'n-2' }],
      ['for our own API', docs, { scope: 'openid read', resource: `urn:gatehouse:${docs.application.id}` }],
    ]
    const ask = (client: TestClient, token: string, more: Record<string, string> = {}): Promise<Told> => {
      const form = { grant_type: 'refresh_token', refresh_token: token, ...more }
      if (client.secret !== '') return postForm(`${it.url}/oauth/token`, form, credentialsOf(client))
      return postForm(`${it.url}/oauth/token`, { ...form, client_id: client.application.id })
    }
    /** A parameter that nobody knows is ignored, and leaves the short way. */
    const long = { foo: 'bar' }
    const payloads = async (kind: string) =>
      (await it.storage.db.selectFrom('token_artifacts').selectAll().where('kind', '=', kind).execute()).map((row) => {
        const { iat, exp, iiat, grantId, sessionUid, sid, authTime, ...rest } = JSON.parse(row.payload)
        const has = [iat, exp, iiat, grantId, sessionUid, sid, authTime].map((one) => one !== undefined)
        return JSON.stringify(
          { ...rest, has, client: row.client_id, subject: row.subject, session: row.session_id !== null },
          [...new Set([...Object.keys(rest), 'has', 'client', 'subject', 'session'])].sort(),
        )
      })
    /** Only the provider's requests write by a unit. */
    const units = mock.method(Unit.prototype, 'commit')
    for (const [what, client, params] of signIns) {
      const quickFrom = await signInTo(it, client, alice, params)
      const slowFrom = await signInTo(it, client, alice, params)
      const before = units.mock.callCount()
      const quick = await ask(client, quickFrom.refreshToken)
      assert.equal(units.mock.callCount(), before, `${what}: without the provider`)
      const slow = await ask(client, slowFrom.refreshToken, long)
      assert.equal(units.mock.callCount(), before + 1, `${what}: by the provider`)
      assert.equal(quick.status, 200, `${what}: ${JSON.stringify(quick.body)}`)
      assert.equal(slow.status, 200, `${what}: ${JSON.stringify(slow.body)}`)
      for (const name of ['cache-control', 'content-type'])
        assert.equal(quick.headers.get(name), slow.headers.get(name), `${what}: ${name}`)
      assert.deepEqual(Object.keys(quick.body).sort(), Object.keys(slow.body).sort(), what)
      assert.deepEqual([quick.body.scope, quick.body.token_type], [slow.body.scope, slow.body.token_type], what)
      const bySession = (jwt: string, { session }: { session: { id: string } }) => {
        const { gid, auth_time, sid, ...rest } = still(jwt) as Record<string, unknown>
        return {
          ...rest,
          gid: typeof gid,
          auth_time: typeof auth_time,
          own: sid === undefined || sid === session.id,
          sid: typeof sid,
        }
      }
      for (const name of ['access_token', 'id_token'])
        if (slow.body[name] !== undefined)
          assert.deepEqual(
            bySession(quick.body[name] as string, quickFrom),
            bySession(slow.body[name] as string, slowFrom),
            `${what}: ${name}`,
          )
      const [told, known] = await Promise.all(
        [quick, slow].map(({ body }) =>
          postForm(`${it.url}/oauth/introspect`, { token: body.refresh_token as string }, credentialsOf(docs)),
        ),
      )
      assert.deepEqual(Object.keys(told?.body ?? {}).sort(), Object.keys(known?.body ?? {}).sort(), what)
      // And on: what either way gave is good at the other.
      const turned = [
        await ask(client, quick.body.refresh_token as string, long),
        await ask(client, slow.body.refresh_token as string),
      ]
      assert.deepEqual(
        turned.map(({ status }) => status),
        [200, 200],
        `${what}: ${JSON.stringify(turned.map(({ body }) => body))}`,
      )
    }
    for (const kind of ['RefreshToken', 'AccessToken']) {
      const counts = new Map<string, number>()
      for (const one of await payloads(kind)) counts.set(one, (counts.get(one) ?? 0) + 1)
      for (const [shape, count] of counts) assert.equal(count % 2, 0, `${kind} made by one way alone: ${shape}`)
    }
    const events = (await it.events('tokens.token_issued')).filter(
      ({ data }) => (data as { grantType: string }).grantType === 'refresh_token',
    )
    assert.equal(events.length, 4 * signIns.length, 'each is on the record')
    for (let at = 0; at < events.length; at += 4) {
      const shapes = events.slice(at, at + 4).map(({ data, actor, object, outcome, organizationId }) => {
        const { token, refreshToken, grantId, expiresAt, ...rest } = data as Record<string, unknown>
        return {
          rest,
          actor,
          object,
          outcome,
          organizationId,
          has: [token, refreshToken, grantId, expiresAt].map((one) => typeof one),
        }
      })
      for (const shape of shapes) assert.deepEqual(shape, shapes[0])
    }
    assert.deepEqual(it.errors, [])
    units.mock.restore()
    await it.close()
  },
)

onEachEngine('what is wrong with a refresh is told by the provider, whatever it is', async (scratch) => {
  const it = await openTokensFixture(scratch, { refreshGraceMs: 0 })
  const docs = await it.addClient({ name: 'docs' })
  const other = await it.addClient({ name: 'other' })
  const bound = await it.addClient({ name: 'bound', oauth: { dpop: 'required' } })
  const alice = await it.addPerson('alice')
  const url = `${it.url}/oauth/token`
  const { refreshToken } = await signInTo(it, docs, alice)
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const rows: [string, Record<string, string>, { id: string; secret: string } | undefined, string][] = [
    ['a wrong secret', form, { ...credentialsOf(docs), secret: 'x' }, 'invalid_client'],
    ['no proof', { ...form, client_id: docs.application.id }, undefined, 'invalid_client'],
    ["another client's", form, credentialsOf(other), 'invalid_grant'],
    ['a client whose tokens are bound', form, credentialsOf(bound), 'invalid_grant'],
    ['more scopes than it has', { ...form, scope: 'openid admin' }, credentialsOf(docs), 'invalid_scope'],
    ['a resource that was not granted', { ...form, resource: it.url }, credentialsOf(docs), 'invalid_target'],
    ['nothing', { grant_type: 'refresh_token' }, credentialsOf(docs), 'invalid_request'],
    ['an access token', { ...form, refresh_token: 'e30.e30.e30' }, credentialsOf(docs), 'invalid_grant'],
  ]
  for (const [what, given, client, error] of rows) {
    const { status, body } = await postForm(url, given, client)
    assert.equal(body.error, error, `${what}: ${status} ${JSON.stringify(body)}`)
  }
  const twice = new URLSearchParams({ ...form })
  twice.append('refresh_token', refreshToken)
  const { id, secret } = credentialsOf(docs)
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  assert.equal((await fetch(url, { method: 'POST', headers: { authorization }, body: twice })).status, 400)
  assert.equal((await postForm(url, form, credentialsOf(docs))).status, 200, 'none of that used it up')
  assert.equal(
    (await postForm(url, form, credentialsOf(docs))).body.error,
    'invalid_grant',
    'and without a grace once is once',
  )
  await it.close()
})

onEachEngine('of two that use one refresh token at once one gets tokens, where there is no grace', async (scratch) => {
  const it = await openTokensFixture(scratch, { refreshGraceMs: 0 })
  const docs = await it.addClient({ name: 'docs' })
  const { refreshToken } = await signInTo(it, docs, await it.addPerson('alice'))
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const all = await Promise.all(
    Array.from({ length: 6 }, () => postForm(`${it.url}/oauth/token`, form, credentialsOf(docs))),
  )
  const good = all.filter(({ status }) => status === 200)
  assert.ok(good.length <= 1, `${good.length} got tokens`)
  for (const { status, body } of all)
    if (status !== 200) assert.equal(body.error, 'invalid_grant', JSON.stringify(body))
  const [event] = await it.events('tokens.grant_revoked')
  assert.equal((event?.data as { reason: string }).reason, 'reuse_detected')
  for (const { body } of good)
    assert.equal(
      it.tokens.verifyAccessToken(body.access_token as string, docs.application.id),
      undefined,
      'ended with the grant',
    )
  await it.close()
})
