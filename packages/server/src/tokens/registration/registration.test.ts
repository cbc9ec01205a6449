import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import * as openid from 'openid-client'
import { onEachEngine } from '../../../test/support/engines.ts'
import { askForCode } from '../../../test/support/openid.ts'
import { openTokensFixture, type TokensFixture } from '../../../test/support/tokens.ts'
import { addRegistrationToken } from './registration.store.ts'

const redirect_uris = ['https://app.example/callback']

async function initialToken(it: TokensFixture, usesLeft = 1, livesMs = 60_000): Promise<string> {
  const token = `ghreg_${crypto.randomUUID()}`
  const createdAtMs = Date.now()
  const id = hash('sha256', token, 'base64url')
  const made = { id, organizationId: it.home.id, createdAtMs, expiresAtMs: createdAtMs + livesMs, usesLeft }
  await it.storage.transact((tx) => addRegistrationToken(tx, made))
  return token
}

async function call(it: TokensFixture, method: string, path: string, token: string, body?: object) {
  const response = await fetch(`${it.url}/oauth/register${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
}

onEachEngine(
  'openid-client registers itself by an initial access token, and signs people in (RFC 7591 3)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const initialAccessToken = await initialToken(it)
    const metadata = { redirect_uris, client_name: 'A till', grant_types: ['authorization_code', 'refresh_token'] }
    const register = () =>
      openid.dynamicClientRegistration(new URL(it.url), metadata, undefined, {
        initialAccessToken,
        execute: [openid.allowInsecureRequests],
      })
    const config = await register()
    const client = config.clientMetadata()
    assert.match(client.client_id, /^app_/)
    assert.equal(client.client_name, 'A till')
    const url = openid.buildAuthorizationUrl(config, (await askForCode()).params)
    const answer = await fetch(url, { redirect: 'manual' })
    assert.match(answer.headers.get('location') as string, /^\/sign-in\?/)
    const made = await it.events('directory.application_created')
    assert.equal(made.at(-1)?.organizationId, it.home.id)
    await assert.rejects(register(), 'used up')
    await it.close()
  },
)

onEachEngine('a registered client reads, changes and deletes itself by its own token (RFC 7592 2)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const initial = await initialToken(it, 2)
  const { status, body } = await call(it, 'POST', '', initial, { redirect_uris, token_endpoint_auth_method: 'none' })
  assert.equal(status, 201)
  assert.equal(body.client_secret, undefined)
  const id = body.client_id as string
  const access = body.registration_access_token as string
  assert.equal(body.registration_client_uri, `${it.url}/oauth/register/${id}`)
  assert.deepEqual((await call(it, 'GET', `/${id}`, access)).body.redirect_uris, redirect_uris)
  const changed = ['https://app.example/other']
  const put = { client_id: id, redirect_uris: changed, token_endpoint_auth_method: 'none' }
  assert.deepEqual((await call(it, 'PUT', `/${id}`, access, put)).body.redirect_uris, changed)
  assert.equal((await call(it, 'PUT', `/${id}`, access, { ...put, client_id: 'app_x' })).status, 400)
  const other = await call(it, 'POST', '', initial, { redirect_uris })
  const stranger = other.body.registration_access_token as string
  for (const [method, token] of [
    ['GET', stranger],
    ['DELETE', stranger],
    ['GET', initial],
    ['GET', 'x'],
  ] as const)
    assert.equal((await call(it, method, `/${id}`, token)).status, 401, `${method} ${token}`)
  assert.equal((await call(it, 'DELETE', `/${id}`, access)).status, 204)
  assert.equal((await call(it, 'GET', `/${id}`, access)).status, 401)
  const rows = JSON.stringify(await it.storage.db.selectFrom('registration_access').selectAll().execute())
  assert.equal(rows.includes(access) || rows.includes(stranger), false, 'tokens are not stored')
  await it.close()
})

onEachEngine(
  'a description that cannot be is refused with what is wrong, and uses no token up (RFC 7591 3.2.2)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const token = await initialToken(it)
    const rows: [string, object, string][] = [
      ['a wildcard', { redirect_uris: ['https://*.app.example/'] }, 'invalid_redirect_uri'],
      ['plain http', { redirect_uris: ['http://app.example/'] }, 'invalid_redirect_uri'],
      ['a fragment', { redirect_uris: ['https://app.example/#x'] }, 'invalid_redirect_uri'],
      ['an unknown grant', { redirect_uris, grant_types: ['password'] }, 'invalid_client_metadata'],
      ['the implicit flow', { redirect_uris, response_types: ['token'] }, 'invalid_client_metadata'],
      [
        'a private key',
        { redirect_uris, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'oct', k: 'x' }] } },
        'invalid_client_metadata',
      ],
      ['no key', { redirect_uris, token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
      [
        'a method that is none',
        { redirect_uris, token_endpoint_auth_method: 'client_secret_jwt' },
        'invalid_client_metadata',
      ],
      ['numbers', { redirect_uris: 7 }, 'invalid_client_metadata'],
    ]
    for (const [what, metadata, error] of rows) {
      const { status, body } = await call(it, 'POST', '', token, metadata)
      assert.deepEqual([status, body.error], [400, error], what)
    }
    const past = await initialToken(it, 1, -1)
    assert.equal((await call(it, 'POST', '', past, { redirect_uris })).status, 401, 'ended')
    assert.equal((await call(it, 'POST', '', token, { redirect_uris })).status, 201, 'still good')
    await it.close()
  },
)
