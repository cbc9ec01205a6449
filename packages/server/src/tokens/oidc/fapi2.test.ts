import assert from 'node:assert/strict'
import { type CryptoKey, decodeJwt, SignJWT } from 'jose'
import * as openid from 'openid-client'
import { onEachEngine } from '../../../test/support/engines.ts'
import { askForCode, follow, keyedClient } from '../../../test/support/openid.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

for (const alg of ['ES256', 'PS256'])
  onEachEngine(
    `profile fapi2 with ${alg}: pushed request, bound token, no rotation (FAPI 2.0 SP 5.3.2)`,
    async (scratch) => {
      const it = await openTokensFixture(scratch)
      const alice = await it.addPerson('alice')
      const { config } = await keyedClient(it, { name: 'bank', oauth: { profile: 'fapi2' } }, alg)
      const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
      const { params, checks } = await askForCode()
      const url = await openid.buildAuthorizationUrlWithPAR(config, params, { DPoP })
      assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'])
      const back = await follow(it, alice, url)
      assert.equal(back.searchParams.get('iss'), it.url, 'RFC 9207')
      const tokens = await openid.authorizationCodeGrant(config, back, checks, undefined, { DPoP })
      assert.ok((decodeJwt(tokens.access_token).cnf as { jkt?: string }).jkt)
      const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token as string, undefined, { DPoP })
      assert.ok([undefined, tokens.refresh_token].includes(refreshed.refresh_token), 'no rotation (5.3.2.1)')
      const again = await openid.refreshTokenGrant(config, tokens.refresh_token as string, undefined, { DPoP })
      assert.ok(again.access_token)

      const unpushed = await follow(it, alice, openid.buildAuthorizationUrl(config, params)).catch((error) => error)
      const refusal = unpushed instanceof URL ? unpushed.searchParams.get('error') : String(unpushed)
      assert.match(refusal as string, /invalid_request|Pushed/)
      const next = await askForCode()
      const unbound = await follow(it, alice, await openid.buildAuthorizationUrlWithPAR(config, next.params))
      await assert.rejects(openid.authorizationCodeGrant(config, unbound, next.checks), { error: 'invalid_grant' })
      await it.close()
    },
  )

onEachEngine(
  'a FAPI client asserts itself to the issuer only, by a string, with a strong algorithm (5.3.2.1)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const es = await keyedClient(it, { name: 'es', oauth: { profile: 'fapi2' } })
    const rs = await keyedClient(it, { name: 'rs', oauth: { profile: 'fapi2' } }, 'RS256')
    const { params } = await askForCode()
    const push = async (client: { id: string; privateKey: CryptoKey }, aud: unknown, alg = 'ES256') => {
      const client_assertion = await new SignJWT({ aud: aud as string, jti: crypto.randomUUID() })
        .setProtectedHeader({ alg, kid: 'own' })
        .setIssuer(client.id)
        .setSubject(client.id)
        .setExpirationTime('1m')
        .sign(client.privateKey)
      const form = { ...params, response_type: 'code', client_id: client.id, client_assertion }
      const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
      return (await postForm(`${it.url}/oauth/par`, { ...form, client_assertion_type })).status
    }
    assert.equal(await push(es, it.url), 201)
    for (const aud of [`${it.url}/oauth/token`, `${it.url}/oauth/par`, [it.url], 'https://other.example'])
      assert.equal(await push(es, aud), 401, JSON.stringify(aud))
    assert.equal(await push(rs, it.url, 'RS256'), 401, 'RS256')
    await it.close()
  },
)

onEachEngine('profile fapi2-message-signing: signed request and signed response (RFC 9101, JARM)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const alice = await it.addPerson('alice')
  const oauth = { profile: 'fapi2-message-signing' } as const
  const { config, id, privateKey } = await keyedClient(it, { name: 'bank', oauth })
  openid.useJwtResponseMode(config)
  const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
  const { params, checks } = await askForCode()
  const key = { key: privateKey, kid: 'own' }
  const nbf = (_header: unknown, claims: Record<string, unknown>) => {
    claims.nbf = Math.floor(Date.now() / 1_000)
  }
  const signed = await openid.buildAuthorizationUrlWithJAR(config, { ...params, response_mode: 'jwt' }, key, {
    [openid.modifyAssertion]: nbf,
  })
  const request = signed.searchParams.get('request') as string
  const pushed = await openid.buildAuthorizationUrlWithPAR(config, { request }, { DPoP })
  const back = await follow(it, alice, pushed)
  assert.ok(back.searchParams.get('response'), 'the answer is one JWT')
  assert.equal(back.searchParams.get('code'), null)
  const tokens = await openid.authorizationCodeGrant(config, back, checks, undefined, { DPoP })
  assert.equal(tokens.token_type, 'dpop')

  await assert.rejects(openid.buildAuthorizationUrlWithPAR(config, params, { DPoP }), { error: 'invalid_request' })
  const long = await new SignJWT({ ...params, client_id: id, response_type: 'code', response_mode: 'jwt' })
    .setProtectedHeader({ alg: 'ES256', kid: 'own', typ: 'oauth-authz-req+jwt' })
    .setIssuer(id)
    .setAudience(it.url)
    .setNotBefore(Math.floor(Date.now() / 1_000))
    .setExpirationTime('2h')
    .sign(privateKey)
  await assert.rejects(openid.buildAuthorizationUrlWithPAR(config, { request: long }, { DPoP }), {
    error: 'invalid_request_object',
  })
  await it.close()
})

onEachEngine(
  'what an application has off is refused: signed requests, signed responses (safe defaults)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const alice = await it.addPerson('alice')
    const { config, privateKey } = await keyedClient(it, { name: 'plain' })
    const { params } = await askForCode()
    const key = { key: privateKey, kid: 'own' }
    const signed = await openid.buildAuthorizationUrlWithJAR(config, params, key)
    const answer = await follow(it, alice, signed).catch(String)
    assert.match(answer instanceof URL ? answer.href : answer, /request_not_supported|does not sign/)
    const jarm = await follow(
      it,
      alice,
      openid.buildAuthorizationUrl(config, { ...params, response_mode: 'jwt' }),
    ).catch(String)
    const response = jarm instanceof URL ? (jarm.searchParams.get('response') as string) : ''
    assert.match(String(decodeJwt(response).error_description), /response_mode is not allowed/)
    const post = await follow(
      it,
      alice,
      openid.buildAuthorizationUrl(config, { ...params, response_mode: 'form_post' }),
    ).catch(String)
    assert.match(String(post), /200 .*<form/s, 'form_post is on')
    await it.close()
  },
)
