import assert from 'node:assert/strict'
import { createOrganization } from '#directory'
import { systemEntropy } from '#kernel'
import { TestBrowser } from '../../../test/support/browser.ts'
import { systemAct, testGate } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { authorizeUrl, obtainCode, pkce, redirectUri } from '../../../test/support/token-flow.ts'
import { openTokensFixture } from '../../../test/support/tokens.ts'

const { challenge } = pkce()
const good = { code_challenge: challenge, code_challenge_method: 'S256', state: 'st' }

onEachEngine(
  'a flawed authorization request is refused at the application, whose address is known good',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const browser = new TestBrowser()
    browser.set(it.signIn(await it.addPerson('alice')).cookie)
    const rows: [string, Record<string, string | undefined>, string][] = [
      ['PKCE missing (OAuth 2.1 4.1.1)', { state: 'st' }, 'invalid_request'],
      ['PKCE by plain (RFC 7636 4.2: downgrade)', { ...good, code_challenge_method: 'plain' }, 'invalid_request'],
      ['PKCE without a method, which means plain', { ...good, code_challenge_method: undefined }, 'invalid_request'],
      ['implicit flow', { ...good, response_type: 'token' }, 'unsupported_response_type'],
      ['hybrid flow', { ...good, response_type: 'code id_token', nonce: 'n' }, 'unsupported_response_type'],
      ['a request object, unsigned', { ...good, request: 'eyJhbGciOiJub25lIn0.e30.' }, 'invalid_request_object'],
      ['a request object elsewhere', { ...good, request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
      ['an audience of nobody (RFC 8707 2)', { ...good, resource: 'https://nobody.example' }, 'invalid_target'],
      ['no session, and no page wanted', { ...good, prompt: 'none', max_age: '0' }, 'login_required'],
    ]
    for (const [what, params, error] of rows) {
      const response = await browser.get(authorizeUrl(it, docs.application.id, params))
      assert.equal(response.status, 303, `${what}: ${await response.text()}`)
      const target = new URL(response.headers.get('location') as string)
      const answered = new URLSearchParams(target.search || target.hash.slice(1))
      assert.equal(target.origin + target.pathname, redirectUri, what)
      assert.equal(answered.get('error'), error, what)
      assert.equal(answered.get('state'), 'st', what)
      assert.equal(answered.get('iss'), it.url, `${what} (RFC 9207)`)
    }
    await it.close()
  },
)

onEachEngine(
  'nobody is sent to an address that is not registered, letter by letter (RFC 9700 2.1)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const browser = new TestBrowser()
    browser.set(it.signIn(await it.addPerson('alice')).cookie)
    const tricks = [
      'https://evil.example/callback',
      'https://app.example/callback/',
      'https://app.example/callback?x=1',
      'https://app.example/callback#f',
      'https://app.example/Callback',
      'https://app.example/../callback',
      'https://app.example/callback/../evil',
      'https://app.example%2eevil.example/callback',
      'https://app.example@evil.example/callback',
      'https://app.example:443/callback',
      'https://app.example.evil.example/callback',
      'http://app.example/callback',
      'https://app.example\\@evil.example/callback',
      'javascript:alert(1)',
      'data:text/html,x',
      '//evil.example/callback',
      '',
      undefined,
    ]
    for (const redirect_uri of tricks) {
      const response = await browser.get(authorizeUrl(it, docs.application.id, { ...good, redirect_uri }))
      assert.equal(response.headers.get('location'), null, `${redirect_uri}`)
      assert.equal(response.status, 400, `${redirect_uri}`)
      assert.equal(((await response.json()) as { page: string }).page, 'refused')
    }
    for (const client of ['app_nobody', '', undefined]) {
      const response = await browser.get(authorizeUrl(it, 'x', { ...good, client_id: client }))
      assert.deepEqual([response.status, response.headers.get('location')], [400, null], String(client))
    }
    const twice = authorizeUrl(it, docs.application.id, good)
    twice.searchParams.append('redirect_uri', 'https://evil.example/')
    assert.equal((await browser.get(twice)).headers.get('location'), null)
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)

onEachEngine('prompt=login and max_age ask again, and a fresh proof answers (OIDC Core 3.1.2.1)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const alice = await it.addPerson('alice')
  for (const more of [{ prompt: 'login' }, { max_age: '60' }]) {
    const browser = new TestBrowser()
    const old = it.signIn(alice, { authenticatedAtMs: Date.now() - 3_600_000 })
    browser.set(old.cookie)
    const asked = await browser.get(authorizeUrl(it, docs.application.id, { ...good, ...more }))
    const signIn = new URL(asked.headers.get('location') as string, it.url)
    assert.equal(signIn.pathname, '/sign-in')
    assert.equal(signIn.searchParams.get('reauthenticate'), 'yes')
    const back = new URL(signIn.searchParams.get('return_to') as string, it.url)
    browser.set(it.signIn(alice, { authenticatedAtMs: Date.now() + 1_000 }).cookie)
    const done = await browser.get(back)
    const target = new URL(done.headers.get('location') as string)
    assert.equal(target.origin + target.pathname, redirectUri, await done.text())
    assert.ok(target.searchParams.get('code'))
  }
  await it.close()
})

onEachEngine('coming back from the sign-in page without a fresh proof asks again', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const browser = new TestBrowser()
  browser.set(it.signIn(await it.addPerson('alice'), { authenticatedAtMs: Date.now() - 3_600_000 }).cookie)
  const asked = await browser.get(authorizeUrl(it, docs.application.id, { ...good, prompt: 'login' }))
  const back = new URL(asked.headers.get('location') as string, it.url).searchParams.get('return_to') as string
  const again = await browser.get(new URL(back, it.url))
  assert.match(again.headers.get('location') as string, /^\/sign-in\?/)
  await it.close()
})

onEachEngine('an authorization request goes on only in the browser that began it', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const alice = await it.addPerson('alice')
  const hers = new TestBrowser()
  const asked = await hers.get(authorizeUrl(it, docs.application.id, good))
  const back = new URL(asked.headers.get('location') as string, it.url).searchParams.get('return_to') as string
  const other = new TestBrowser()
  other.set(it.signIn(alice).cookie)
  const response = await other.get(new URL(back, it.url))
  assert.deepEqual([response.status, response.headers.get('location')], [400, null])
  await it.close()
})

onEachEngine("the provider's own cookie signs nobody in", async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const { session } = await obtainCode(it, docs, await it.addPerson('alice'))
  const thief = new TestBrowser()
  thief.set(`_gh_oauth=${session.id}`)
  const response = await thief.get(authorizeUrl(it, docs.application.id, good))
  assert.match(response.headers.get('location') as string, /^\/sign-in\?/)
  await it.close()
})

onEachEngine('a pushed request is used once (RFC 9126)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const browser = new TestBrowser()
  browser.set(it.signIn(await it.addPerson('alice')).cookie)
  const pushed = await fetch(`${it.url}/oauth/par`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${docs.application.id}:${docs.secret}`).toString('base64')}`,
    },
    body: authorizeUrl(it, docs.application.id, good).searchParams,
  })
  assert.equal(pushed.status, 201)
  const { request_uri } = (await pushed.json()) as { request_uri: string }
  const url = new URL('/oauth/authorize', it.url)
  url.search = new URLSearchParams({ client_id: docs.application.id, request_uri }).toString()
  const first = await browser.get(url)
  assert.ok(new URL(first.headers.get('location') as string).searchParams.get('code'))
  assert.equal((await browser.get(url)).status, 400)
  await it.close()
})

onEachEngine(
  'people sign in to applications of their own organization, whoever is signed in already',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const { storage, clock } = it
    const docs = await it.addClient({ name: 'docs' })
    const alice = await it.addPerson('alice')
    const deps = { storage, clock, entropy: systemEntropy, gate: testGate().gate }
    const rival = (await createOrganization(deps, systemAct, { name: 'rival' })).value.id
    const mallory = await it.addPerson('mallory', rival)
    const browser = new TestBrowser()
    browser.set(it.signIn(mallory, { authenticatedAtMs: Date.now() - 3_600_000 }).cookie)
    const asked = await browser.get(authorizeUrl(it, docs.application.id, good))
    const signIn = new URL(asked.headers.get('location') as string, it.url)
    assert.equal(signIn.pathname, '/sign-in')
    const { restart, organization } = Object.fromEntries(signIn.searchParams)
    assert.deepEqual([restart, organization], ['yes', it.home.id], 'as somebody else, at its own door')
    const silent = await browser.get(authorizeUrl(it, docs.application.id, { ...good, prompt: 'none' }))
    assert.match(silent.headers.get('location') as string, /error=login_required/)

    const back = new URL(signIn.searchParams.get('return_to') as string, it.url)
    assert.match(
      (await browser.get(back)).headers.get('location') as string,
      /^\/sign-in\?/,
      'coming back is no answer',
    )
    const again = new URL(
      (await browser.get(authorizeUrl(it, docs.application.id, good))).headers.get('location') as string,
      it.url,
    )
    browser.set(it.signIn(mallory, { authenticatedAtMs: Date.now() + 1_000 }).cookie)
    const refused = await browser.get(new URL(again.searchParams.get('return_to') as string, it.url))
    assert.match(refused.headers.get('location') as string, /error=access_denied/, 'nor is the same person once more')

    const third = new URL(
      (await browser.get(authorizeUrl(it, docs.application.id, good))).headers.get('location') as string,
      it.url,
    )
    browser.set(it.signIn(alice, { authenticatedAtMs: Date.now() + 1_000 }).cookie)
    const done = await browser.get(new URL(third.searchParams.get('return_to') as string, it.url))
    assert.match(done.headers.get('location') as string, /[?&]code=/)
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)
