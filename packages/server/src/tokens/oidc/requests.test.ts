import assert from 'node:assert/strict'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as openid from 'openid-client'
import type { User } from '#directory'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { askForCode, configure, follow } from '../../../test/support/openid.ts'
import { authorizeUrl, credentialsOf, pkce, signInTo, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm, type TokensFixture } from '../../../test/support/tokens.ts'

async function askForConsent(it: TokensFixture, user: User, url: URL) {
  const browser = new TestBrowser()
  browser.set(it.signIn(user).cookie)
  const asked = await browser.get(url)
  const location = asked.headers.get('location')
  assert.match(String(location), /^\/oauth\/consent\//, await asked.text())
  const page = JSON.parse(await (await browser.get(new URL(location as string, it.url))).text())
  return {
    page,
    allow: async () => {
      const form = { csrf: page.csrf, decision: 'allow' }
      const onward = await browser.post(new URL(page.action, it.url), form, { origin: it.url })
      const { address } = JSON.parse(await onward.text()) as { address: string }
      return new URL((await browser.get(new URL(address, it.url))).headers.get('location') as string)
    },
  }
}

onEachEngine('ID tokens and userinfo by RS256, where an application chooses it (OIDC Core 15.1)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const oauth = { idTokenAlgorithm: 'RS256', signedUserinfo: true } as const
  const { application, secret } = await it.addClient({ name: 'old', oauth })
  await within(10_000, () => it.keyring.listKeys().some(({ algorithm }) => algorithm === 'RS256'))
  await within(5_000, async () => (await discovery(it)).id_token_signing_alg_values_supported.includes('RS256'))
  const metadata = { id_token_signed_response_alg: 'RS256', userinfo_signed_response_alg: 'RS256' }
  const config = await configure(it, application.id, openid.ClientSecretBasic(secret), metadata)
  openid.enableNonRepudiationChecks(config)
  const { params, checks } = await askForCode()
  const alice = await it.addPerson('alice')
  const back = await follow(it, alice, openid.buildAuthorizationUrl(config, params))
  const tokens = await openid.authorizationCodeGrant(config, back, checks)
  assert.equal(decodeProtectedHeader(tokens.id_token as string).alg, 'RS256')
  assert.equal(decodeProtectedHeader(tokens.access_token).alg, 'ES256', 'access tokens stay as they are')
  assert.equal((await openid.fetchUserInfo(config, tokens.access_token, alice.id)).sub, alice.id)
  await it.close()
})

onEachEngine('an authorization request by POST is one by GET (OIDC Core 3.1.2.1)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const { challenge } = pkce()
  const url = authorizeUrl(it, docs.application.id, {
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'a b',
  })
  const browser = new TestBrowser()
  browser.set(it.signIn(await it.addPerson('alice')).cookie)
  const posted = await browser.post(`${it.url}/oauth/authorize`, Object.fromEntries(url.searchParams))
  assert.equal(posted.status, 303)
  const next = new URL(posted.headers.get('location') as string, it.url)
  assert.equal(next.origin, it.url)
  const back = new URL((await browser.get(next)).headers.get('location') as string)
  assert.ok(back.searchParams.get('code'))
  assert.equal(back.searchParams.get('state'), 'a b')
  assert.equal((await browser.post(`${it.url}/oauth/logout`, { client_id: docs.application.id })).status, 303)
  await it.close()
})

onEachEngine('the claims parameter: by name, asked for once, answered where asked (OIDC Core 5.5)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const alice = await it.addPerson('alice')
  const { challenge: code_challenge, verifier } = pkce()
  const claims = JSON.stringify({ id_token: { email: null, acr: null }, userinfo: { name: { essential: true } } })
  const request = { code_challenge, code_challenge_method: 'S256', claims }
  const trusted = await it.addClient({ name: 'trusted' })
  const got = await signInTo(it, trusted, alice, { claims })
  assert.equal(decodeJwt(got.idToken).email, 'alice@example.com')
  const info = await fetch(`${it.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${got.accessToken}` } })
  assert.equal(((await info.json()) as { name: string }).name, 'alice')

  const asking = await it.addClient({ name: 'asking', consentRequired: true })
  const url = authorizeUrl(it, asking.application.id, request)
  const { page, allow } = await askForConsent(it, alice, url)
  assert.deepEqual(page.scopes.sort(), ['claim:email', 'claim:name', 'openid'])
  const back = await allow()
  const form = {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') as string,
    code_verifier: verifier,
  }
  const tokens = await postForm(
    `${it.url}/oauth/token`,
    { ...form, redirect_uri: 'https://app.example/callback' },
    credentialsOf(asking),
  )
  assert.equal(decodeJwt(tokens.body.id_token as string).email, 'alice@example.com')
  assert.ok((await follow(it, alice, url)).searchParams.get('code'), 'not asked again')
  const unknown = { ...request, claims: JSON.stringify({ userinfo: { 'urn:shoe_size': null } }) }
  assert.ok((await follow(it, alice, authorizeUrl(it, trusted.application.id, unknown))).searchParams.get('code'))
  await it.close()
})

onEachEngine(
  'acr: a wish is met where it can be, a demand or refusal else; strengths are ordered (RFC 9470 5, OIDC Core 5.5.1.1)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const alice = await it.addPerson('alice')
    const { challenge: code_challenge } = pkce()
    const ask = (more: Record<string, string>) =>
      authorizeUrl(it, docs.application.id, { code_challenge, code_challenge_method: 'S256', ...more })
    const acrOf = async (acr: string, more: Record<string, string>) => {
      const browser = new TestBrowser()
      browser.set(it.signIn(alice, { acr }).cookie)
      return new URL((await browser.get(ask(more))).headers.get('location') as string, it.url)
    }
    const wish = await acrOf('urn:gatehouse:acr:1', { acr_values: 'phr' })
    assert.equal(wish.pathname, '/sign-in')
    assert.equal(wish.searchParams.get('acr'), 'phr')
    assert.equal(wish.searchParams.get('reauthenticate'), 'yes')
    assert.ok(
      (await acrOf('phr', { acr_values: 'urn:gatehouse:acr:2' })).searchParams.get('code'),
      'stronger is enough',
    )
    assert.ok(
      (await acrOf('urn:gatehouse:acr:1', { acr_values: 'urn:other' })).searchParams.get('code'),
      'a wish nobody knows',
    )
    const demand = JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:other'] } } })
    const refused = await acrOf('phr', { claims: demand })
    assert.equal(refused.searchParams.get('error'), 'unmet_authentication_requirements')
    const strict = await it.addClient({ name: 'strict', oauth: { defaultAcr: 'urn:gatehouse:acr:2' } })
    const browser = new TestBrowser()
    browser.set(it.signIn(alice).cookie)
    const url = authorizeUrl(it, strict.application.id, { code_challenge, code_challenge_method: 'S256' })
    assert.match(
      (await browser.get(url)).headers.get('location') as string,
      /^\/sign-in\?/,
      'the default of the application',
    )
    const got = await signInTo(it, docs, alice, { acr_values: 'urn:gatehouse:acr:1' })
    assert.equal(decodeJwt(got.idToken).acr, 'urn:gatehouse:acr:1')
    await it.close()
  },
)

onEachEngine(
  'authorization details: shown, allowed, in the token, and no wider later (RFC 9396 2, 6, 9)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const alice = await it.addPerson('alice')
    const bank = await it.addClient({ name: 'bank', oauth: { authorizationDetailTypes: ['payment'] } })
    const plain = await it.addClient({ name: 'plain' })
    await within(
      5_000,
      async () => (await discovery(it)).authorization_details_types_supported?.includes('payment') ?? false,
    )
    const detail = { type: 'payment', actions: ['initiate'], amount: '12.30' }
    const { challenge: code_challenge, verifier: code_verifier } = pkce()
    const request = (details: unknown) => ({
      code_challenge,
      code_challenge_method: 'S256',
      authorization_details: JSON.stringify(details),
    })
    const { page, allow } = await askForConsent(it, alice, authorizeUrl(it, bank.application.id, request([detail])))
    assert.equal(page.details[0].type, 'payment')
    assert.match(page.details[0].says, /"12.30"/)
    const code = (await allow()).searchParams.get('code') as string
    const redirect_uri = 'https://app.example/callback'
    const url = `${it.url}/oauth/token`
    const { body } = await postForm(
      url,
      { grant_type: 'authorization_code', code, code_verifier, redirect_uri },
      credentialsOf(bank),
    )
    assert.deepEqual(body.authorization_details, [detail])
    assert.deepEqual(decodeJwt(body.access_token as string).authorization_details, [detail])
    const told = await postForm(
      `${it.url}/oauth/introspect`,
      { token: body.access_token as string },
      credentialsOf(bank),
    )
    assert.deepEqual(told.body.authorization_details, [detail])
    const wider = JSON.stringify([{ ...detail, amount: '99999.00' }])
    const refresh = { grant_type: 'refresh_token', refresh_token: body.refresh_token as string }
    const refused = await postForm(url, { ...refresh, authorization_details: wider }, credentialsOf(bank))
    assert.equal(refused.body.error, 'invalid_authorization_details')

    for (const [what, client, details] of [
      ['a type it has not registered', plain, [detail]],
      ['a type nobody has', bank, [{ type: 'other' }]],
      ['a list that is none', bank, [{ type: 'payment', actions: 'all' }]],
    ] as const) {
      const back = await follow(it, alice, authorizeUrl(it, client.application.id, request(details)))
      assert.equal(back.searchParams.get('error'), 'invalid_authorization_details', what)
    }
    await it.close()
  },
)

async function discovery(it: TokensFixture) {
  return (await (await fetch(`${it.url}/.well-known/openid-configuration`)).json()) as {
    id_token_signing_alg_values_supported: string[]
    authorization_details_types_supported?: string[]
  }
}
