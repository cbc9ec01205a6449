import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { openTokensFixture } from '../../../test/support/tokens.ts'

const redirect_uri = 'https://app.example/callback'

onEachEngine('authorization code with PKCE, from no session to userinfo, by openid-client', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const { application, secret } = await it.addClient({ name: 'docs' })
  const alice = await it.addPerson('alice')
  const config = await client.discovery(new URL(it.url), application.id, secret, undefined, {
    execute: [client.allowInsecureRequests],
  })
  const code_verifier = client.randomPKCECodeVerifier()
  const code_challenge = await client.calculatePKCECodeChallenge(code_verifier)
  const state = client.randomState()
  const nonce = client.randomNonce()
  const scope = 'openid profile email'
  const begin = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope,
    code_challenge,
    code_challenge_method: 'S256',
    state,
    nonce,
  })

  const browser = new TestBrowser()
  const toSignIn = await browser.get(begin)
  assert.equal(toSignIn.status, 303, await toSignIn.text())
  const signIn = new URL(toSignIn.headers.get('location') as string, it.url)
  assert.equal(signIn.pathname, '/sign-in')
  const { cookie, session } = it.signIn(alice)
  browser.set(cookie)
  const back = await browser.get(new URL(signIn.searchParams.get('return_to') as string, it.url))
  assert.equal(back.status, 303, await back.text())
  const callback = new URL(back.headers.get('location') as string)
  assert.equal(callback.origin + callback.pathname, redirect_uri)
  assert.equal(callback.searchParams.get('iss'), it.url)
  assert.equal(browser.cookie('_gh_oauth'), undefined)

  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: code_verifier,
    expectedState: state,
    expectedNonce: nonce,
  })
  assert.equal(tokens.claims()?.sub, alice.id)
  assert.equal(tokens.claims()?.name, 'alice')
  const claims = it.tokens.verifyAccessToken(tokens.access_token, application.id)
  assert.equal(claims?.sub, alice.id)
  assert.equal(claims?.sid, session.id)
  assert.equal(claims?.acr, session.acr)

  const info = await client.fetchUserInfo(config, tokens.access_token, alice.id)
  assert.equal(info.email, 'alice@example.com')

  const again = await client.refreshTokenGrant(config, tokens.refresh_token as string)
  assert.notEqual(again.refresh_token, tokens.refresh_token)
  assert.equal(it.tokens.verifyAccessToken(again.access_token, application.id)?.sub, alice.id)
  await it.close()
})
