// The modules of the OpenID Foundation's plan for "Basic OP", by their names there, as far as one server can show them to itself: a
// confidential client that sends no proof key. `docs/conformance.md` says how the suite itself is set up.
import assert from 'node:assert/strict'
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { authorizeUrl, credentialsOf, redirectUri, type TestClient } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm, type TokensFixture } from '../../../test/support/tokens.ts'

type Params = Record<string, string | undefined>

/** Where the application is told to go on, with its parameters; the browser's own page where it is told nothing. */
async function ask(it: TokensFixture, client: TestClient, more: Params, browser = new TestBrowser()) {
  const url = authorizeUrl(it, client.application.id, { state: 's-1', nonce: 'n-1', ...more })
  const response = await browser.get(url)
  const location = response.headers.get('location')
  const at = location === null ? undefined : new URL(location, it.url)
  const page = at === undefined ? await response.text() : at.pathname
  return { status: response.status, at, said: at?.searchParams ?? new URLSearchParams(), page }
}

async function tokensFor(it: TokensFixture, client: TestClient, code: string, byForm = false) {
  const { id, secret } = credentialsOf(client)
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
  const by = byForm ? { ...form, client_id: id, client_secret: secret } : form
  const { status, body } = await postForm(`${it.url}/oauth/token`, by, byForm ? undefined : { id, secret })
  return { status, body: body as Record<string, string> }
}

onEachEngine(
  'the modules of the plan "Basic OP" pass (OpenID Connect Core, certification profile)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const scopes = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access']
    const basic = await it.addClient({ name: 'basic', scopes, oauth: { pkce: 'optional' } })
    const other = await it.addClient({ name: 'other', scopes, oauth: { pkce: 'optional' } })
    const alice = await it.addPerson('alice')
    const signedIn = () => {
      const browser = new TestBrowser()
      browser.set(it.signIn(alice).cookie)
      return browser
    }
    const code = async (more: Params = {}, browser = signedIn()) => {
      const { said, page, status } = await ask(it, basic, more, browser)
      assert.ok(said.get('code'), `${JSON.stringify(more)}: ${status} ${said} ${page}`)
      assert.deepEqual([said.get('state'), said.get('iss')], [more.state ?? 's-1', it.url])
      return said.get('code') as string
    }
    const done = async (more: Params = {}, browser = signedIn()) => {
      const got = await tokensFor(it, basic, await code(more, browser))
      assert.equal(got.status, 200, JSON.stringify(got.body))
      return got.body
    }
    const info = async (token: string, how: 'get' | 'post' | 'form' = 'get') => {
      const authorization = `Bearer ${token}`
      const init = { get: { headers: { authorization } }, post: { method: 'POST', headers: { authorization } } }
      const form = { method: 'POST', body: new URLSearchParams({ access_token: token }) }
      const response = await fetch(`${it.url}/oauth/userinfo`, how === 'form' ? form : init[how])
      return { status: response.status, body: (await response.json().catch(() => ({}))) as Record<string, unknown> }
    }

    const modules: Record<string, () => Promise<void>> = {
      'oidcc-server': async () => {
        const { id_token, access_token, token_type, expires_in } = await done()
        assert.deepEqual([token_type, typeof expires_in], ['Bearer', 'number'])
        const { keys } = (await (await fetch(`${it.url}/oauth/jwks`)).json()) as { keys: { kid: string }[] }
        const { kid, alg } = decodeProtectedHeader(id_token as string)
        const key = keys.find((one) => one.kid === kid)
        assert.ok(key, 'oidcc-idtoken-signature: the key is found by kid')
        const { payload } = await jwtVerify(id_token as string, key as never, { algorithms: [alg as string] })
        const { iss, aud, sub, nonce, exp = 0, iat = 0 } = payload
        assert.deepEqual([iss, aud, sub, nonce], [it.url, basic.application.id, alice.id, 'n-1'])
        assert.ok(exp > iat)
        for (const how of ['get', 'post', 'form'] as const) {
          const { status, body } = await info(access_token as string, how)
          assert.deepEqual([status, body.sub], [200, alice.id], `oidcc-userinfo-${how}`)
        }
      },
      'oidcc-response-type-missing': async () => {
        const { said } = await ask(it, basic, { response_type: undefined }, signedIn())
        assert.deepEqual([said.get('error'), said.get('state')], ['invalid_request', 's-1'])
      },
      'oidcc-ensure-request-without-nonce-succeeds-for-code-flow': async () => {
        assert.equal(decodeJwt((await done({ nonce: undefined })).id_token as string).nonce, undefined)
      },
      'fapi2-…-with-64-char-nonce-success, -with-long-nonce, -with-long-state': async () => {
        for (const [nonce, state] of [
          ['n'.repeat(64), 's-1'],
          ['n'.repeat(384), 's'.repeat(384)],
        ]) {
          const { id_token } = await done({ nonce, state })
          assert.equal(decodeJwt(id_token as string).nonce, nonce, 'whole, as the state')
        }
      },
      'oidcc-scope-all, oidcc-ensure-other-scope-order-succeeds': async () => {
        const { access_token } = await done({ scope: 'email profile address phone openid' })
        const { body } = await info(access_token as string)
        assert.deepEqual([body.email, body.name, body.preferred_username], ['alice@example.com', 'alice', 'alice'])
      },
      'oidcc-display-page, -popup, -ui-locales, -claims-locales, -login-hint, -unknown-parameter': async () => {
        for (const display of ['page', 'popup'])
          await done({ display, ui_locales: 'se', claims_locales: 'se', login_hint: 'bob', extra: 'foobar' })
      },
      'oidcc-ensure-request-with-acr-values-succeeds': async () => {
        const { id_token } = await done({ acr_values: '1 2' })
        assert.equal(typeof decodeJwt(id_token as string).acr, 'string')
      },
      'oidcc-prompt-login, oidcc-max-age-1': async () => {
        for (const more of [{ prompt: 'login' }, { max_age: '1' }] as Params[]) {
          const browser = new TestBrowser()
          browser.set(it.signIn(alice, { authenticatedAtMs: it.clock.nowMs() - 2_000 }).cookie)
          assert.equal((await ask(it, basic, more, browser)).page, '/sign-in', JSON.stringify(more))
        }
      },
      'oidcc-max-age-10000': async () => {
        const browser = signedIn()
        const [first, second] = [await done({}, browser), await done({ max_age: '10000' }, browser)]
        const told = decodeJwt(second?.id_token as string)
        assert.equal(typeof told.auth_time, 'number')
        assert.equal(told.sub, decodeJwt(first?.id_token as string).sub)
      },
      'oidcc-prompt-none-not-logged-in': async () => {
        assert.equal((await ask(it, basic, { prompt: 'none' })).said.get('error'), 'login_required')
      },
      'oidcc-prompt-none-logged-in, oidcc-id-token-hint': async () => {
        const browser = signedIn()
        const { id_token } = await done({}, browser)
        await done({ prompt: 'none' }, browser)
        await done({ prompt: 'none', id_token_hint: id_token }, browser)
      },
      'oidcc-codereuse, oidcc-codereuse-30seconds': async () => {
        const mine = await code()
        const { body } = await tokensFor(it, basic, mine)
        const again = await tokensFor(it, basic, mine)
        assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant'])
        assert.equal((await info(body.access_token as string)).status, 401, 'what the first use brought has ended')
      },
      'oidcc-ensure-registered-redirect-uri': async () => {
        const { at, page, status } = await ask(it, basic, { redirect_uri: `${redirectUri}/other` }, signedIn())
        assert.deepEqual([at, status], [undefined, 400])
        assert.match(page, /redirect_uri/)
      },
      'oidcc-ensure-post-request-succeeds': async () => {
        const browser = signedIn()
        const url = authorizeUrl(it, basic.application.id, { state: 's-1', nonce: 'n-1' })
        const posted = await browser.post(`${it.url}/oauth/authorize`, Object.fromEntries(url.searchParams))
        const next = await browser.get(new URL(posted.headers.get('location') as string, it.url))
        assert.ok(new URL(next.headers.get('location') as string).searchParams.get('code'))
      },
      'oidcc-server-client-secret-post': async () => {
        assert.equal((await tokensFor(it, basic, await code(), true)).status, 200)
      },
      'oidcc-request-uri-unsigned-…, oidcc-unsigned-request-object-…-or-rejected-as-unsupported': async () => {
        const claims = Buffer.from(JSON.stringify({ redirect_uri: `${redirectUri}/other` })).toString('base64url')
        const rows: [Params, string[]][] = [
          [{ request_uri: 'https://app.example/request.jwt' }, ['request_uri_not_supported']],
          [{ request: `eyJhbGciOiJub25lIn0.${claims}.` }, ['request_not_supported', 'invalid_request_object']],
        ]
        for (const [more, errors] of rows) {
          const error = (await ask(it, basic, more, signedIn())).said.get('error') ?? ''
          assert.ok(errors.includes(error), `${JSON.stringify(more)}: ${error}`)
        }
      },
      'oidcc-claims-essential': async () => {
        const claims = JSON.stringify({ userinfo: { name: { essential: true } } })
        const { access_token } = await done({ claims })
        assert.equal((await info(access_token as string)).body.name, 'alice')
      },
      'oidcc-refresh-token': async () => {
        const { refresh_token } = await done({ scope: 'openid offline_access profile' })
        const form = { grant_type: 'refresh_token', refresh_token: refresh_token as string }
        const stolen = await postForm(`${it.url}/oauth/token`, form, credentialsOf(other))
        assert.deepEqual([stolen.status, stolen.body.error], [400, 'invalid_grant'], 'bound to its client')
        const { status, body } = await postForm(`${it.url}/oauth/token`, form, credentialsOf(basic))
        assert.equal(status, 200, JSON.stringify(body))
        assert.equal((await info(body.access_token as string)).status, 200)
        const renewed = decodeJwt(body.id_token as string)
        assert.deepEqual([renewed.sub, renewed.aud, renewed.iss], [alice.id, basic.application.id, it.url])
      },
    }
    for (const [name, run] of Object.entries(modules))
      await run().catch((error) => {
        throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
      })
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)

onEachEngine(
  'without a proof key only where an application says so, and one that is sent is always checked (RFC 7636 4.6, RFC 9700 2.1.1)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const alice = await it.addPerson('alice')
    const optional = await it.addClient({ name: 'optional', oauth: { pkce: 'optional' } })
    const usual = await it.addClient({ name: 'usual' })
    const signedIn = () => {
      const browser = new TestBrowser()
      browser.set(it.signIn(alice).cookie)
      return browser
    }
    assert.equal((await ask(it, usual, {}, signedIn())).said.get('error'), 'invalid_request')
    const sent = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' }
    const bound = (await ask(it, optional, sent, signedIn())).said.get('code') as string
    assert.equal((await tokensFor(it, optional, bound)).body.error, 'invalid_grant', 'a challenge demands its verifier')
    const plain = { code_challenge: 'a'.repeat(43), code_challenge_method: 'plain' }
    assert.equal((await ask(it, optional, plain, signedIn())).said.get('error'), 'invalid_request')
    const free = (await ask(it, optional, {}, signedIn())).said.get('code') as string
    const { id, secret } = credentialsOf(optional)
    const form = { grant_type: 'authorization_code', code: free, redirect_uri: redirectUri }
    const added = await postForm(`${it.url}/oauth/token`, { ...form, code_verifier: 'a'.repeat(43) }, { id, secret })
    assert.equal(
      added.body.error,
      'invalid_grant',
      'no verifier where nothing was challenged (downgrade, RFC 9700 4.8)',
    )
    const refusals = { authMethod: 'none' as const, oauth: { pkce: 'optional' as const } }
    await assert.rejects(it.addClient({ name: 'public', ...refusals }), { code: 'directory.invalid' })
    const strict = {
      authMethod: 'private_key_jwt' as const,
      oauth: { profile: 'fapi2' as const, pkce: 'optional' as const },
    }
    await assert.rejects(it.addClient({ name: 'bank', ...strict }), { code: 'directory.invalid' })
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)
