import assert from 'node:assert/strict'
import '#authentication' // whose event it is
import { moveUserIn, type User } from '#directory'
import { record } from '#feed'
import { systemEntropy } from '#kernel'
import { TestBrowser } from '../../../test/support/browser.ts'
import { systemAct } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import {
  authorizeUrl,
  exchange,
  pkce,
  postToken,
  redirectUri,
  refresh,
  type TestClient,
  within,
} from '../../../test/support/token-flow.ts'
import { openTokensFixture, type TokensFixture } from '../../../test/support/tokens.ts'

interface Asked {
  readonly page: string
  readonly application: string
  readonly person: string
  readonly scopes: string[]
  readonly others: string[]
  readonly action: string
  readonly csrf: string
  readonly goesTo: string
}

async function ask(it: TokensFixture, client: TestClient, user: User, more: Record<string, string> = {}) {
  const { verifier, challenge } = pkce()
  const browser = new TestBrowser()
  const { cookie, session } = it.signIn(user)
  browser.set(cookie)
  const params = { code_challenge: challenge, code_challenge_method: 'S256', ...more }
  const response = await browser.get(authorizeUrl(it, client.application.id, params))
  const location = new URL(response.headers.get('location') as string, it.url)
  return { browser, session, verifier, location }
}

/** Answers the consent page and follows to the application. */
async function answer(it: TokensFixture, asking: { browser: TestBrowser; location: URL }, decision: string) {
  const page = (await (await asking.browser.get(asking.location)).json()) as Asked
  const form = { decision, csrf: page.csrf }
  const answered = await asking.browser.post(new URL(page.action, it.url), form, { origin: it.url })
  const onward = (await answered.json()) as { page: string; address: string }
  assert.equal(onward.page, 'onward')
  const back = await asking.browser.get(new URL(onward.address, it.url))
  return { page, callback: new URL(back.headers.get('location') as string, it.url) }
}

onEachEngine('an application that asks is shown, allowed once, and not asked again for as much', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const shop = await it.addClient({
    name: 'shop',
    displayName: 'The Shop',
    consentRequired: true,
    scopes: ['openid', 'profile', 'email', 'orders'],
  })
  const alice = await it.addPerson('alice')
  const asking = await ask(it, shop, alice, { scope: 'openid orders' })
  assert.match(asking.location.pathname, /^\/oauth\/consent\//)
  const { page, callback } = await answer(it, asking, 'allow')
  assert.deepEqual(
    [page.application, page.person, page.scopes, page.goesTo],
    ['The Shop', 'alice', ['openid', 'orders'], 'https://app.example'],
  )
  const code = callback.searchParams.get('code') as string
  const got = await exchange(it, shop, { code, verifier: asking.verifier })
  assert.equal(got.status, 200)
  assert.deepEqual((got.body.scope as string).split(' ').sort(), ['openid', 'orders'])

  const again = await ask(it, shop, alice, { scope: 'openid orders' })
  assert.equal(again.location.origin + again.location.pathname, redirectUri, 'another session, the same consent')
  const more = await ask(it, shop, alice, { scope: 'openid orders email' })
  assert.match(more.location.pathname, /^\/oauth\/consent\//)
  const bob = await ask(it, shop, await it.addPerson('bob'), { scope: 'openid' })
  assert.match(bob.location.pathname, /^\/oauth\/consent\//)
  const [event] = await it.events('tokens.consent_given')
  assert.equal(event?.actor.id, alice.id)
  await it.close()
})

onEachEngine('who refuses goes back with access_denied, and nothing is kept (RFC 6749 4.1.2.1)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const shop = await it.addClient({ name: 'shop', consentRequired: true })
  const alice = await it.addPerson('alice')
  const { callback } = await answer(it, await ask(it, shop, alice), 'deny')
  assert.equal(callback.searchParams.get('error'), 'access_denied')
  assert.match((await ask(it, shop, alice)).location.pathname, /^\/oauth\/consent\//)
  assert.equal((await it.events('tokens.consent_refused')).length, 1)
  await it.close()
})

onEachEngine('a consent is given by the person, in their browser, on our page', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const shop = await it.addClient({ name: 'shop', consentRequired: true })
  const alice = await it.addPerson('alice')
  const mallory = await it.addPerson('mallory')
  const hers = await ask(it, shop, alice)
  const page = (await (await hers.browser.get(hers.location)).json()) as Asked
  const good = { decision: 'allow', csrf: page.csrf }
  const post = (browser: TestBrowser, form: Record<string, string>, origin: string) =>
    browser.post(new URL(page.action, it.url), form, { origin })
  assert.equal((await post(hers.browser, good, 'https://evil.example')).status, 403)
  assert.equal((await post(hers.browser, { ...good, csrf: 'x' }, it.url)).status, 403)
  assert.equal((await post(hers.browser, { decision: 'allow' }, it.url)).status, 403)
  assert.equal((await post(hers.browser, { ...good, decision: 'yes' }, it.url)).status, 400)
  const other = await ask(it, shop, mallory)
  assert.equal((await other.browser.get(hers.location)).status, 400, "another's request")
  hers.browser.set(it.signIn(mallory).cookie)
  assert.equal((await post(hers.browser, good, it.url)).status, 400, 'another session')
  it.endSession(hers.session.id)
  hers.browser.set(`test-session=${hers.session.id}`)
  assert.equal((await post(hers.browser, good, it.url)).status, 400, 'a session that ended')
  assert.equal((await it.events('tokens.consent_given')).length, 0)
  assert.deepEqual(it.errors, [])
  await it.close()
})

onEachEngine(
  'offline_access outlives the session, by consent only, and not the person (OIDC Core 11)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const shop = await it.addClient({ name: 'shop', consentRequired: true })
    const alice = await it.addPerson('alice')
    const asking = await ask(it, shop, alice, { scope: 'openid offline_access', prompt: 'consent' })
    const { callback } = await answer(it, asking, 'allow')
    const code = callback.searchParams.get('code') as string
    const { body } = await exchange(it, shop, { code, verifier: asking.verifier })
    it.endSession(asking.session.id)
    const later = await refresh(it, shop, body.refresh_token as string)
    assert.equal(later.status, 200, JSON.stringify(later.body))
    const deps = { clock: it.clock, entropy: systemEntropy }
    await it.storage.transact((tx) => moveUserIn(tx, deps, systemAct, alice.id, 'deactivate'))
    assert.equal((await refresh(it, shop, later.body.refresh_token as string)).body.error, 'invalid_grant')
    await it.close()
  },
)

onEachEngine(
  'a native application asks each time, and its loopback port is free (RFC 8252 7.3, 8.6)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const app = await it.addClient({
      name: 'app',
      kind: 'native',
      consentRequired: false,
      redirectUris: ['http://127.0.0.1/callback', 'com.example.app:/callback'],
    })
    const alice = await it.addPerson('alice')
    for (const redirect_uri of ['http://127.0.0.1:49152/callback', 'com.example.app:/callback']) {
      const asking = await ask(it, app, alice, { redirect_uri })
      assert.match(asking.location.pathname, /^\/oauth\/consent\//)
      const { callback } = await answer(it, asking, 'allow')
      assert.ok(callback.href.startsWith(`${redirect_uri}?code=`), callback.href)
    }
    await it.close()
  },
)

onEachEngine(
  "an application acts for a person at Gatehouse's own API only when the person was asked",
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const trusted = await it.addClient({ name: 'trusted', consentRequired: false })
    const alice = await it.addPerson('alice')
    const whoami = async (token: unknown) => {
      const response = await fetch(`${it.url}/test/whoami`, { headers: { authorization: `Bearer ${token}` } })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    }
    const resource = it.url
    const tokenOf = async (code: string, verifier: string) =>
      (await exchange(it, trusted, { code, verifier })).body.access_token
    // Silently: a token, but one that opens nothing here.
    const silent = await ask(it, trusted, alice, { scope: 'openid', resource })
    assert.equal(silent.location.origin + silent.location.pathname, redirectUri)
    const refused = await whoami(await tokenOf(silent.location.searchParams.get('code') as string, silent.verifier))
    assert.deepEqual([refused.status, refused.body.code], [403, 'tokens.scope_missing'])

    const asking = await ask(it, trusted, alice, { scope: 'openid gatehouse', resource })
    assert.match(asking.location.pathname, /^\/oauth\/consent\//)
    const { page, callback } = await answer(it, asking, 'allow')
    assert.ok(page.scopes.includes('gatehouse'))
    const got = await whoami(await tokenOf(callback.searchParams.get('code') as string, asking.verifier))
    assert.deepEqual([got.status, got.body.id], [200, alice.id])
    const again = await ask(it, trusted, alice, { scope: 'openid gatehouse', resource })
    assert.equal(again.location.origin + again.location.pathname, redirectUri, 'allowed before')
    await it.close()
  },
)

onEachEngine(
  'an application acts for a person at another application only when the person was asked',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const evil = await it.addClient({ name: 'evil', consentRequired: false, scopes: ['openid', 'mine'] })
    const docs = await it.addClient({ name: 'docs', displayName: 'The Docs', origins: ['https://docs.example'] })
    const alice = await it.addPerson('alice')
    const form = (code: string, verifier: string, resource: string) =>
      postToken(it, evil, {
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
        redirect_uri: redirectUri,
        resource,
      })
    for (const resource of ['https://docs.example', `urn:gatehouse:${docs.application.id}`]) {
      const silent = await ask(it, evil, alice, { scope: 'openid', resource })
      assert.match(silent.location.pathname, /^\/oauth\/consent\//)
      // With a scope that only the application itself knows, nothing is missing at the other one, and nothing is had there.
      const sly = await ask(it, evil, alice, { scope: 'mine', resource })
      assert.equal(sly.location.searchParams.get('code'), null)
      const url = authorizeUrl(it, evil.application.id, {
        scope: 'mine',
        resource: `urn:gatehouse:${evil.application.id}`,
      })
      url.searchParams.append('resource', resource)
      const { verifier, challenge } = pkce()
      url.searchParams.set('code_challenge', challenge)
      url.searchParams.set('code_challenge_method', 'S256')
      const { location } = await silent.browser.get(url).then((got) => ({ location: got.headers.get('location') }))
      const code = new URL(location as string, it.url).searchParams.get('code') as string
      assert.equal((await form(code, verifier, resource)).body.error, 'invalid_target')
    }
    const asking = await ask(it, evil, alice, { scope: 'openid', resource: 'https://docs.example' })
    const { page, callback } = await answer(it, asking, 'allow')
    assert.deepEqual(page.others, ['The Docs'])
    const got = await form(callback.searchParams.get('code') as string, asking.verifier, 'https://docs.example')
    assert.ok(it.tokens.verifyAccessToken(got.body.access_token as string, docs.application.id))
    const again = await ask(it, evil, alice, { scope: 'openid', resource: `urn:gatehouse:${docs.application.id}` })
    assert.equal(again.location.origin + again.location.pathname, redirectUri, 'allowed before')
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)

onEachEngine(
  'a reset of how somebody signs in ends offline access too: it may be a thief who allowed it',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const shop = await it.addClient({ name: 'shop', consentRequired: true })
    const alice = await it.addPerson('alice')
    const asking = await ask(it, shop, alice, { scope: 'openid offline_access', prompt: 'consent' })
    const { callback } = await answer(it, asking, 'allow')
    const code = callback.searchParams.get('code') as string
    const { body } = await exchange(it, shop, { code, verifier: asking.verifier })
    it.endSession(asking.session.id)
    await it.storage.transact((tx) =>
      record(tx, systemAct, {
        type: 'authentication.factors_reset',
        atMs: it.clock.nowMs(),
        organizationId: alice.organizationId,
        object: { type: 'User', id: alice.id },
        data: { passwords: 1, totp: 0, passkeys: 0, recoveryCodes: 0, identities: 0 },
        touches: [],
      }),
    )
    let token = body.refresh_token as string
    await within(5_000, async () => {
      const again = await refresh(it, shop, token)
      if (again.status === 200) token = again.body.refresh_token as string
      return again.body.error === 'invalid_grant'
    })
    await it.close()
  },
)
