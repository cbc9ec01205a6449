import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import * as openid from 'openid-client'
import { addApplicationSecret, addMachine, moveMachineIn } from '#directory'
import { systemEntropy } from '#kernel'
import { systemAct } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { credentialsOf, signInTo, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

const grant = { grant_type: 'client_credentials' }
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

onEachEngine('a client secret: right by header or body, wrong in every other way (RFC 6749 2.3.1)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const url = `${it.url}/oauth/token`
  const reports = await it.addClient({ name: 'reports', kind: 'service' })
  const other = await it.addClient({ name: 'other', kind: 'service' })
  const { id, secret } = credentialsOf(reports)
  assert.equal((await postForm(url, grant, { id, secret })).status, 200)
  assert.equal((await postForm(url, { ...grant, client_id: id, client_secret: secret })).status, 200)

  const stored = reports.application.credentials
  const rows: [string, Promise<{ status: number; body: Record<string, unknown> }>][] = [
    ['another secret', postForm(url, grant, { id, secret: `${secret}x` })],
    ["another client's secret", postForm(url, grant, { id, secret: other.secret })],
    ['the stored hash', postForm(url, grant, { id, secret: stored.secrets[0]?.hash ?? 'none' })],
    ['an unknown client', postForm(url, grant, { id: 'app_01h455vb4pex5vsknk084sn02q', secret })],
    ['a client that is no id', postForm(url, grant, { id: '__proto__', secret })],
    ['no secret', postForm(url, { ...grant, client_id: id })],
  ]
  for (const [what, attempt] of rows) {
    const { status, body } = await attempt
    assert.deepEqual([status, body.error], [401, 'invalid_client'], what)
    assert.equal(body.error_description, 'client authentication failed', `${what}: one answer for all`)
  }
  assert.equal((await postForm(url, { ...grant, client_secret: secret }, { id, secret })).body.error, 'invalid_request')
  assert.match(
    await it.meter.expose(),
    /token_requests_total\{grant_type="client_credentials",outcome="invalid_client"\} \d/,
  )
  await it.close()
})

onEachEngine('a rotated secret ends at once, and the token service knows within a second', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const url = `${it.url}/oauth/token`
  const reports = await it.addClient({ name: 'reports', kind: 'service' })
  const { id, secret } = credentialsOf(reports)
  assert.equal((await postForm(url, grant, { id, secret })).status, 200)
  const deps = { clock: it.clock, entropy: systemEntropy }
  const next = await it.storage.transact((tx) => addApplicationSecret(tx, deps, systemAct, reports.application.id))
  await within(1_000, async () => (await postForm(url, grant, { id, secret })).status === 401)
  assert.equal((await postForm(url, grant, { id, secret: next.secret.reveal() })).status, 200)
  await it.close()
})

onEachEngine(
  'private_key_jwt, by openid-client and by hand: used once, for us, in time (RFC 7523 3)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const url = `${it.url}/oauth/token`
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const owner = await it.addPerson('alice')
    const machine = await it.storage.transact((tx) =>
      addMachine(tx, { clock: it.clock, entropy: systemEntropy }, systemAct, it.home.id, {
        name: 'deploy',
        owner: owner.id,
        authMethod: 'private_key_jwt',
        keys: [{ jwk: { ...keys.publicKey.export({ format: 'jwk' }), kid: 'k1' } }],
      }),
    )
    const pair = (await crypto.subtle.importKey(
      'pkcs8',
      keys.privateKey.export({ type: 'pkcs8', format: 'der' }),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    )) as openid.CryptoKey
    const config = await openid.discovery(
      new URL(it.url),
      machine.id,
      undefined,
      openid.PrivateKeyJwt({ key: pair, kid: 'k1' }),
      { execute: [openid.allowInsecureRequests] },
    )
    const got = await openid.clientCredentialsGrant(config)
    assert.equal(it.tokens.verifyAccessToken(got.access_token, machine.id)?.sub, machine.id)

    const nowSeconds = Math.floor(Date.now() / 1_000)
    const good = { iss: machine.id, sub: machine.id, aud: it.url, exp: nowSeconds + 60 }
    const make = (change: object = {}, key: KeyObject = keys.privateKey, head: object = {}) =>
      new SignJWT({ ...good, jti: randomUUID(), ...change })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...head })
        .sign(key)
    const send = (client_assertion: string) =>
      postForm(url, { ...grant, client_assertion_type: assertionType, client_assertion })
    assert.equal((await send(await make())).status, 200)
    assert.equal((await send(await make({ aud: url }))).status, 200)
    assert.equal((await send(await make({ exp: nowSeconds - 50 }))).status, 200, 'within the skew')
    const ahead = { iat: nowSeconds + 50, nbf: nowSeconds + 50, exp: nowSeconds + 110 }
    assert.equal((await send(await make(ahead))).status, 200, 'a clock that is fast, within the skew')

    const once = await make()
    const both = await Promise.all([send(once), send(once), send(once)])
    assert.equal(both.filter(({ status }) => status === 200).length, 1, 'a replayed assertion')
    assert.equal((await send(once)).status, 401)

    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const pem = keys.publicKey.export({ type: 'spki', format: 'pem' })
    const confused = `${part({ alg: 'HS256', kid: 'k1' })}.${part({ ...good, jti: randomUUID() })}`
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const rows: [string, string][] = [
      ['alg none', `${part({ alg: 'none' })}.${part({ ...good, jti: randomUUID() })}.`],
      ['HS256 by the public key', `${confused}.${createHmac('sha256', pem).update(confused).digest('base64url')}`],
      ['another key', await make({}, stranger.privateKey)],
      ['another audience', await make({ aud: 'https://other.example' })],
      ['another issuer', await make({ iss: owner.id })],
      ['expired', await make({ exp: nowSeconds - 70 })],
      ['without end', await make({ exp: undefined })],
      ['without jti', await make({ jti: undefined })],
      ['not yet', await make({ nbf: nowSeconds + 120 })],
      ['a clock too fast', await make({ nbf: nowSeconds + 70, iat: nowSeconds + 70, exp: nowSeconds + 130 })],
    ]
    for (const [what, assertion] of rows) {
      const { status, body } = await send(assertion)
      assert.deepEqual([status, body.error], [401, 'invalid_client'], what)
    }
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)

onEachEngine('a suspended machine gets no token, and its tokens count no more, within a second', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const url = `${it.url}/oauth/token`
  const deps = { clock: it.clock, entropy: systemEntropy }
  const owner = await it.addPerson('alice')
  const { machine, secret } = await it.addMachine({ name: 'deploy', owner: owner.id })
  const got = await postForm(url, { ...grant, resource: it.url }, { id: machine.id, secret })
  const token = got.body.access_token as string
  const who = () => fetch(`${it.url}/test/whoami`, { headers: { authorization: `Bearer ${token}` } })
  assert.deepEqual(await (await who()).json(), {
    type: 'machine',
    id: machine.id,
    organizationId: it.home.id,
    name: 'deploy',
  })
  await it.storage.transact((tx) => moveMachineIn(tx, deps, systemAct, machine.id, 'suspend'))
  await within(1_000, async () => (await who()).status === 401)
  await within(1_000, async () => (await postForm(url, grant, { id: machine.id, secret })).status === 401)
  await it.close()
})

onEachEngine(
  'a machine may ask for a token for an application of its organization, and for our own API (RFC 8707)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const url = `${it.url}/oauth/token`
    const owner = await it.addPerson('alice')
    const docs = await it.addClient({
      name: 'docs',
      scopes: ['openid', 'read', 'write'],
      origins: ['https://docs.example'],
    })
    const { machine, secret } = await it.addMachine({ name: 'indexer', owner: owner.id, scopes: ['read'] })
    const ask = (resource: string, scope = 'read write') =>
      postForm(url, { ...grant, resource, scope }, { id: machine.id, secret })
    for (const resource of ['https://docs.example', `urn:gatehouse:${docs.application.id}`]) {
      const { body } = await ask(resource)
      const claims = it.tokens.verifyAccessToken(body.access_token as string, docs.application.id)
      assert.equal(claims?.scope, 'read', 'what both know')
      assert.equal(claims?.sub, machine.id)
    }
    const own = await ask(it.url)
    assert.ok(it.tokens.verifyAccessToken(own.body.access_token as string, it.url))
    const twice = new URLSearchParams({ ...grant, resource: it.url })
    twice.append('resource', 'https://docs.example')
    const authorization = `Basic ${Buffer.from(`${machine.id}:${secret}`).toString('base64')}`
    const refused = await fetch(url, { method: 'POST', headers: { authorization }, body: twice })
    assert.equal(((await refused.json()) as { error: string }).error, 'invalid_target')
    for (const resource of ['https://other.example', 'urn:gatehouse:app_01h455vb4pex5vsknk084sn02q', 'docs', 'urn:x'])
      assert.equal((await ask(resource)).body.error, 'invalid_target', resource)
    await it.close()
  },
)

onEachEngine(
  'a public client may call from its own origin in a browser, nobody else may (Fetch, CORS)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const app = await it.addClient({ name: 'app', authMethod: 'none' })
    const docs = await it.addClient({ name: 'docs' })
    const first = await signInTo(it, app, await it.addPerson('alice'))
    const ask = (origin: string, client: string) =>
      fetch(`${it.url}/oauth/token`, {
        method: 'POST',
        headers: { origin },
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          client_id: client,
          refresh_token: first.refreshToken,
        }),
      })
    const preflight = await fetch(`${it.url}/oauth/token`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    })
    assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://app.example')
    const own = await ask('https://app.example', app.application.id)
    assert.equal(own.status, 200)
    assert.equal(own.headers.get('access-control-allow-origin'), 'https://app.example')
    for (const [origin, client] of [
      ['https://evil.example', app.application.id],
      ['null', app.application.id],
      ['https://app.example', docs.application.id],
    ] as const) {
      const refused = await ask(origin, client)
      assert.notEqual(refused.status, 200, origin)
      assert.equal(refused.headers.get('access-control-allow-origin'), null, origin)
    }
    await it.close()
  },
)
