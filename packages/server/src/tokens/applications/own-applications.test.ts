import assert from 'node:assert/strict'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import {
  authorizeUrl,
  exchange,
  pkce,
  redirectUri,
  refresh,
  type TestClient,
} from '../../../test/support/token-flow.ts'
import { openTokensFixture, type TokensFixture } from '../../../test/support/tokens.ts'

// biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
const read = async (response: Response): Promise<any> => response.json()

async function allow(it: TokensFixture, client: TestClient, browser: TestBrowser, scope: string) {
  const { verifier, challenge } = pkce()
  const more = { code_challenge: challenge, code_challenge_method: 'S256', scope, prompt: 'consent' }
  const response = await browser.get(authorizeUrl(it, client.application.id, more))
  const page = await read(await browser.get(new URL(response.headers.get('location') as string, it.url)))
  const form = { decision: 'allow', csrf: page.csrf }
  const answered = await browser.post(new URL(page.action, it.url), form, { origin: it.url })
  const { address } = await read(answered)
  const back = await browser.get(new URL(address, it.url))
  const code = new URL(back.headers.get('location') as string).searchParams.get('code') as string
  return exchange(it, client, { code, verifier })
}

onEachEngine(
  'what I allowed is listed and taken back: tokens and refresh chains end, and it must ask again',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const client = await it.addClient({
      name: 'shop',
      displayName: 'The Shop',
      consentRequired: true,
      scopes: ['openid', 'profile', 'offline_access'],
      redirectUris: [redirectUri],
      grantTypes: ['authorization_code', 'refresh_token'],
    })
    const user = await it.addPerson('alice')
    const browser = new TestBrowser()
    browser.set(it.signIn(user).cookie)
    const tokens = await allow(it, client, browser, 'openid profile offline_access')
    assert.ok(tokens.body.refresh_token, JSON.stringify(tokens.body))
    assert.ok(it.tokens.verifyAccessToken(String(tokens.body.access_token), client.application.id))

    const list = async () => read(await browser.get(`${it.url}/account/applications`))
    const { applications } = await list()
    assert.equal(applications.length, 1)
    const [shop] = applications
    assert.equal(shop.name, 'The Shop')
    assert.equal(shop.connected, true)
    assert.deepEqual(shop.scopes, ['offline_access', 'openid', 'profile'])

    const stranger = new TestBrowser()
    stranger.set(it.signIn(await it.addPerson('mallory')).cookie)
    for (const [who, fields, origin] of [
      [stranger, shop.fields, it.url],
      [browser, {}, it.url],
      [browser, shop.fields, 'https://evil.example'],
    ] as const)
      assert.equal((await who.post(it.url + shop.action, fields, { origin })).status, 403)
    assert.equal((await list()).applications.length, 1)

    const done = await browser.post(it.url + shop.action, shop.fields, { origin: it.url })
    assert.equal(done.status, 303)
    assert.deepEqual((await list()).applications, [])
    assert.equal(it.tokens.verifyAccessToken(String(tokens.body.access_token), client.application.id), undefined)
    const again = await refresh(it, client, String(tokens.body.refresh_token))
    assert.equal(again.body.error, 'invalid_grant')
    const { challenge } = pkce()
    const asked = await browser.get(
      authorizeUrl(it, client.application.id, {
        code_challenge: challenge,
        code_challenge_method: 'S256',
        scope: 'openid profile',
      }),
    )
    assert.match(asked.headers.get('location') ?? '', /\/oauth\/consent\//)
    assert.equal((await browser.get(`${it.url}/account/applications`)).status, 200)
    assert.match(
      (await new TestBrowser().get(`${it.url}/account/applications`)).headers.get('location') ?? '',
      /^\/sign-in/,
    )
    await it.close()
  },
)
