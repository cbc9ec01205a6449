import assert from 'node:assert/strict'
import { type CryptoKey, decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { onEachEngine } from '../../../test/support/engines.ts'
import { askForCode, configure, follow, keyedClient } from '../../../test/support/openid.ts'
import { credentialsOf } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm, type TokensFixture } from '../../../test/support/tokens.ts'

onEachEngine(
  'DPoP by openid-client: code, userinfo and refresh are bound to the key (RFC 9449 5, 7)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const { application, secret } = await it.addClient({ name: 'docs', oauth: { dpop: 'required' } })
    const config = await configure(it, application.id, openid.ClientSecretBasic(secret))
    assert.ok(config.serverMetadata().dpop_signing_alg_values_supported?.includes('ES256'))
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
    const { params, checks } = await askForCode()
    const back = await follow(it, await it.addPerson('alice'), openid.buildAuthorizationUrl(config, params))
    const tokens = await openid.authorizationCodeGrant(config, back, checks, undefined, { DPoP })
    assert.equal(tokens.token_type, 'dpop')
    const { cnf } = decodeJwt(tokens.access_token) as { cnf: { jkt: string } }
    assert.equal(cnf.jkt, await DPoP.calculateThumbprint())
    const info = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims()?.sub as string, { DPoP })
    assert.equal(info.sub, tokens.claims()?.sub)
    const told = await openid.tokenIntrospection(config, tokens.access_token)
    assert.deepEqual(told.cnf, cnf)
    assert.equal(told.token_type, 'DPoP')
    const next = await openid.refreshTokenGrant(config, tokens.refresh_token as string, undefined, { DPoP })
    assert.equal(next.token_type, 'dpop')
    await assert.rejects(openid.refreshTokenGrant(config, next.refresh_token as string), { error: 'invalid_grant' })

    const bearer = await fetch(`${it.url}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    assert.equal(bearer.status, 401, 'a stolen token without the key is worth nothing')
    const other = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
    await assert.rejects(openid.fetchUserInfo(config, tokens.access_token, openid.skipSubjectCheck, { DPoP: other }))
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)

onEachEngine('where a client must carry nonces, one of ours is asked for and given (RFC 9449 8)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const { id, config, privateKey } = await keyedClient(it, {
    name: 'docs',
    oauth: { dpop: 'required', dpopNonce: true },
  })
  const handle = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
  const { params, checks } = await askForCode()
  const back = await follow(it, await it.addPerson('alice'), openid.buildAuthorizationUrl(config, params))
  const tokens = await openid.authorizationCodeGrant(config, back, checks, undefined, { DPoP: handle })
  assert.equal(tokens.token_type, 'dpop')
  const asked = await fetch(`${it.url}/oauth/token`, {
    method: 'POST',
    headers: { dpop: await proofOf(it, '/oauth/token', 'POST', {}) },
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token as string,
      ...(await assertionOf(it, id, privateKey)),
    }),
  })
  assert.deepEqual([asked.status, ((await asked.json()) as { error: string }).error], [400, 'use_dpop_nonce'])
  assert.ok(asked.headers.get('dpop-nonce'))
  await it.close()
})

onEachEngine('a client that has DPoP off gets no bound token, and is told so', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const { application, secret } = await it.addClient({ name: 'job', kind: 'service', oauth: { dpop: 'off' } })
  const client = { id: application.id, secret }
  const form = { grant_type: 'client_credentials' }
  const dpop = await proofOf(it, '/oauth/token', 'POST', {})
  const refused = await postForm(`${it.url}/oauth/token`, form, client, { dpop })
  assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_dpop_proof'])
  assert.equal((await postForm(`${it.url}/oauth/token`, form, client)).status, 200)
  await it.close()
})

onEachEngine('a proof counts once, for its method, address, token and time (RFC 9449 4.3, 11.1)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const job = await it.addClient({ name: 'job', kind: 'service' })
  const url = `${it.url}/oauth/token`
  const ask = (dpop: string) => postForm(url, { grant_type: 'client_credentials' }, credentialsOf(job), { dpop })
  const once = await proofOf(it, '/oauth/token', 'POST', {})
  assert.equal((await ask(once)).status, 200)
  assert.equal((await ask(once)).body.error, 'invalid_grant', 'replayed')
  const together = await proofOf(it, '/oauth/token', 'POST', {})
  const raced = await Promise.all(Array.from({ length: 5 }, () => ask(together)))
  assert.equal(raced.filter(({ status }) => status === 200).length, 1, 'five at once: one')
  const now = Math.floor(Date.now() / 1_000)
  for (const iat of [now - 3_600, now + 3_600]) {
    const { status, body } = await ask(await proofOf(it, '/oauth/token', 'POST', { iat }))
    assert.deepEqual(
      [status, body.error],
      [400, 'use_dpop_nonce'],
      'another time: a nonce stands in for clocks that differ',
    )
  }
  const rows: [string, Promise<string>][] = [
    ['another method', proofOf(it, '/oauth/token', 'GET', {})],
    ['another address', proofOf(it, '/oauth/userinfo', 'POST', {})],
    ['without an id', proofOf(it, '/oauth/token', 'POST', { jti: undefined })],
    ['another type', proofOf(it, '/oauth/token', 'POST', {}, 'jwt')],
    ['no signature', Promise.resolve('eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.')],
  ]
  for (const [what, proof] of rows) {
    const { status, body } = await ask(await proof)
    assert.deepEqual([status, body.error], [400, 'invalid_dpop_proof'], what)
  }
  await it.close()
})

onEachEngine('a token at our own API needs the proof of its key there (RFC 9449 7.1)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const { machine, secret } = await it.addMachine({ name: 'indexer', owner: (await it.addPerson('olga')).id })
  const pair = await keyPair()
  const form = { grant_type: 'client_credentials', resource: it.url }
  const dpop = await proofOf(it, '/oauth/token', 'POST', {}, undefined, pair)
  const got = await postForm(`${it.url}/oauth/token`, form, { id: machine.id, secret }, { dpop })
  const token = got.body.access_token as string
  const call = async (authorization: string, proof?: Promise<string>) => {
    const headers = { authorization, ...(proof !== undefined && { dpop: await proof }) }
    return (await fetch(`${it.url}/test/whoami`, { headers })).status
  }
  const ath = await athOf(token)
  const good = () => proofOf(it, '/test/whoami', 'GET', { ath }, undefined, pair)
  assert.equal(await call(`DPoP ${token}`, good()), 200)
  const again = await good()
  assert.equal(await call(`DPoP ${token}`, Promise.resolve(again)), 200)
  assert.equal(await call(`DPoP ${token}`, Promise.resolve(again)), 401, 'replayed')
  assert.equal(await call(`Bearer ${token}`), 401, 'as a bearer token')
  assert.equal(await call(`Bearer ${token}`, good()), 401, 'as a bearer token with a proof')
  assert.equal(await call(`DPoP ${token}`), 401, 'no proof')
  assert.equal(await call(`DPoP ${token}`, proofOf(it, '/test/whoami', 'GET', { ath })), 401, 'the key of another')
  assert.equal(await call(`DPoP ${token}`, proofOf(it, '/test/whoami', 'GET', {}, undefined, pair)), 401, 'no ath')
  assert.equal(await call(`DPoP ${token}`, proofOf(it, '/test/whoami', 'POST', { ath }, undefined, pair)), 401)
  assert.equal(await call(`DPoP ${token}`, proofOf(it, '/api/users', 'GET', { ath }, undefined, pair)), 401)
  const plain = await postForm(`${it.url}/oauth/token`, form, { id: machine.id, secret })
  assert.equal(await call(`DPoP ${plain.body.access_token}`, good()), 401, 'an unbound token under DPoP')
  await it.close()
})

onEachEngine(
  'oauth4webapi: a pushed request binds the code to the key that it names (RFC 9449 10.1)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const insecure = { [oauth.allowInsecureRequests]: true } as const
    const issuer = new URL(it.url)
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
    const client: oauth.Client = { client_id: docs.application.id }
    const auth = oauth.ClientSecretBasic(docs.secret)
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    const { params, checks } = await askForCode({ response_type: 'code' })
    const form = new URLSearchParams({ ...params, client_id: client.client_id })
    const pushed = await oauth.processPushedAuthorizationResponse(
      as,
      client,
      await oauth.pushedAuthorizationRequest(as, client, auth, form, { DPoP, ...insecure }),
    )
    const url = new URL(as.authorization_endpoint as string)
    url.search = new URLSearchParams({ client_id: client.client_id, request_uri: pushed.request_uri }).toString()
    const back = oauth.validateAuthResponse(as, client, await follow(it, await it.addPerson('alice'), url))
    const exchange = (options: object) =>
      oauth.authorizationCodeGrantRequest(as, client, auth, back, params.redirect_uri, checks.pkceCodeVerifier, {
        ...options,
        ...insecure,
      })
    const stolen = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    assert.equal((await exchange({ DPoP: stolen })).status, 400, 'the code of another key')
    await it.close()
  },
)

async function assertionOf(it: TokensFixture, id: string, key: CryptoKey): Promise<Record<string, string>> {
  const client_assertion = await new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: 'own' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(it.url)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(key)
  return { client_assertion, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' }
}

async function keyPair() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  return { privateKey, jwk: await exportJWK(publicKey) }
}

async function athOf(token: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('base64url')
}

async function proofOf(
  it: TokensFixture,
  path: string,
  htm: string,
  claims: Record<string, unknown>,
  typ = 'dpop+jwt',
  pair?: Awaited<ReturnType<typeof keyPair>>,
): Promise<string> {
  const { privateKey, jwk } = pair ?? (await keyPair())
  const iat = Math.floor(Date.now() / 1_000)
  return new SignJWT({ htu: `${it.url}${path}`, htm, iat, jti: crypto.randomUUID(), ...claims })
    .setProtectedHeader({ typ, alg: 'ES256', jwk })
    .sign(privateKey)
}
