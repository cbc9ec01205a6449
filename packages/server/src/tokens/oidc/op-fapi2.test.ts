// Modules of the OpenID Foundation's plan for FAPI 2.0 that no other test of ours asks, by their names there.
import assert from 'node:assert/strict'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import * as openid from 'openid-client'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { askForCode, follow, keyedClient } from '../../../test/support/openid.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

onEachEngine(
  'the modules of the FAPI 2.0 plan that ask about pushed requests, clocks and headers pass (FAPI 2.0 SP 5.3.2)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const alice = await it.addPerson('alice')
    const bank = await keyedClient(it, { name: 'bank', oauth: { profile: 'fapi2' } })
    const other = await keyedClient(it, { name: 'other', oauth: { profile: 'fapi2' } })
    const pair = await generateKeyPair('ES256', { extractable: true })
    const jwk = await exportJWK(pair.publicKey)
    const handle = (config: openid.Configuration) =>
      openid.getDPoPHandle(config, { privateKey: pair.privateKey, publicKey: pair.publicKey } as never)
    const push = async (client = bank, more: Record<string, string> = {}) => {
      const asked = await askForCode(more)
      const url = await openid.buildAuthorizationUrlWithPAR(client.config, asked.params, {
        DPoP: handle(client.config),
      })
      return { ...asked, url }
    }
    const codeOf = (back: URL) => back.searchParams.get('code')

    // fapi2-…-par-attempt-invalid-http-method: 405 (RFC 9126 2.3).
    for (const method of ['PUT', 'GET'])
      assert.equal((await fetch(`${it.url}/oauth/par`, { method })).status, 405, method)

    // -par-ensure-reused-request-uri-prior-to-auth-completion-succeeds, -par-attempt-reuse-request_uri.
    const once = await push()
    const visit = await new TestBrowser().get(once.url)
    assert.match(String(visit.headers.get('location')), /^\/sign-in|\/sign-in\?/, 'visited, and nobody signed in')
    const back = await follow(it, alice, once.url)
    assert.ok(codeOf(back), back.href)
    const again = await follow(it, alice, once.url).catch(String)
    assert.match(String(again), /invalid_request_uri|400/, 'used up once somebody has signed in by it')
    const tokens = await openid.authorizationCodeGrant(bank.config, back, once.checks, undefined, {
      DPoP: handle(bank.config),
    })

    // -par-ensure-request-uri-is-bound-to-client.
    const foreign = await push()
    foreign.url.searchParams.set('client_id', other.id)
    assert.match(String(await follow(it, alice, foreign.url).catch(String)), /invalid_request|400/)

    // -par-ensure-pkce-required, -par-ensure-plain-pkce-rejected.
    const { params } = await askForCode()
    const { code_challenge: _, code_challenge_method: __, ...bare } = params
    for (const wrong of [bare, { ...params, code_challenge_method: 'plain' }])
      await assert.rejects(
        openid.buildAuthorizationUrlWithPAR(bank.config, wrong as Record<string, string>, {
          DPoP: handle(bank.config),
        }),
        { error: 'invalid_request' },
      )

    // -ensure-authorization-code-is-bound-to-client, -par-incorrect-pkce-code-verifier-rejected.
    const stolen = await push()
    const stolenBack = await follow(it, alice, stolen.url)
    const useOf = (client: typeof bank, pkceCodeVerifier: string) =>
      openid.authorizationCodeGrant(client.config, stolenBack, { ...stolen.checks, pkceCodeVerifier }, undefined, {
        DPoP: handle(client.config),
      })
    await assert.rejects(useOf(bank, openid.randomPKCECodeVerifier()), { error: 'invalid_grant' })
    await assert.rejects(useOf(other, stolen.checks.pkceCodeVerifier), { error: 'invalid_grant' })

    // -access-token-type-header-case-sensitivity, -check-dpop-proof-nbf-exp, -ensure-dpop-proof-with-iat-10seconds-*.
    assert.equal(await calculateJwkThumbprint(jwk), await calculateJwkThumbprint(await exportJWK(pair.publicKey)))
    const info = async (scheme: string, claims: Record<string, unknown>, offset = 0) => {
      const now = Math.floor(Date.now() / 1_000) + offset
      const ath = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(tokens.access_token))).toString(
        'base64url',
      )
      const proof = await new SignJWT({
        htm: 'GET',
        htu: `${it.url}/oauth/userinfo`,
        ath,
        jti: crypto.randomUUID(),
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt(now)
        .sign(pair.privateKey)
      const headers = { authorization: `${scheme} ${tokens.access_token}`, dpop: proof }
      return (await fetch(`${it.url}/oauth/userinfo`, { headers })).status
    }
    const now = Math.floor(Date.now() / 1_000)
    assert.equal(await info('dPOp', {}), 200)
    assert.equal(await info('DPoP', { nbf: now, exp: now + 300 }), 200)
    for (const offset of [-10, 10]) assert.equal(await info('DPoP', {}, offset), 200, `${offset} s`)
    for (const offset of [-3_600, 3_600]) assert.equal(await info('DPoP', {}, offset), 401, `${offset} s`)

    // -par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted, -over-60-seconds-in-the-future-fails.
    const assertion = (key: CryptoKey, ahead: number) =>
      new SignJWT({ aud: it.url, jti: crypto.randomUUID(), nbf: now + ahead, iat: now + ahead, exp: now + ahead + 60 })
        .setProtectedHeader({ alg: 'ES256', kid: 'own' })
        .setIssuer(bank.id)
        .setSubject(bank.id)
        .sign(key)
    for (const [ahead, status] of [
      [8, 201],
      [75, 401],
    ] as const) {
      const answer = await postForm(`${it.url}/oauth/par`, {
        ...params,
        response_type: 'code',
        client_id: bank.id,
        client_assertion: await assertion(bank.privateKey, ahead),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      })
      assert.equal(answer.status, status, `${ahead} s: ${JSON.stringify(answer.body)}`)
    }
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)
