import assert from 'node:assert/strict'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { refresh, signInTo } from '../../../test/support/token-flow.ts'
import { openTokensFixture } from '../../../test/support/tokens.ts'

const after = 'https://app.example/bye'

onEachEngine(
  'an application signs a person out, who agrees; session and tokens end (RP-Initiated Logout 2)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs', postLogoutRedirectUris: [after] })
    const mail = await it.addClient({ name: 'mail' })
    const alice = await it.addPerson('alice')
    const got = await signInTo(it, docs, alice)
    const url = new URL('/oauth/logout', it.url)
    url.search = new URLSearchParams({
      id_token_hint: got.idToken,
      post_logout_redirect_uri: after,
      state: 's',
    }).toString()
    const asked = await got.browser.get(url)
    const page = (await asked.json()) as {
      page: string
      person: string
      action: string
      fields: Record<string, string>
    }
    assert.deepEqual([page.page, page.person], ['signOut', 'alice'])
    const forged = await got.browser.post(new URL(page.action, it.url), { ...page.fields, xsrf: 'x' })
    assert.equal(forged.status, 400)
    assert.equal((await refresh(it, docs, got.refreshToken)).status, 200, 'still signed in')

    const done = await got.browser.post(new URL(page.action, it.url), page.fields)
    assert.deepEqual(await done.json(), { page: 'onward', address: `${after}?state=s` })
    assert.equal((await refresh(it, docs, got.refreshToken)).body.error, 'invalid_grant')
    assert.equal(it.tokens.verifyAccessToken(got.accessToken, docs.application.id), undefined)
    const again = await got.browser.get(
      `${it.url}/oauth/authorize?${new URLSearchParams({
        client_id: mail.application.id,
        response_type: 'code',
        redirect_uri: 'https://app.example/callback',
        scope: 'openid',
        code_challenge: 'x'.repeat(43),
        code_challenge_method: 'S256',
      })}`,
    )
    assert.match(again.headers.get('location') as string, /^\/sign-in/)
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)

onEachEngine(
  'nobody is sent to an address that the application has not registered, nor by a forged hint',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs', postLogoutRedirectUris: [after] })
    const got = await signInTo(it, docs, await it.addPerson('alice'))
    const rows: [string, Record<string, string>][] = [
      ['another address', { id_token_hint: got.idToken, post_logout_redirect_uri: 'https://evil.example/' }],
      ['a forged hint', { id_token_hint: `${got.idToken.slice(0, -6)}AAAAAA`, post_logout_redirect_uri: after }],
      [
        'an unsigned hint',
        { id_token_hint: `${got.idToken.split('.').slice(0, 2).join('.')}.`, post_logout_redirect_uri: after },
      ],
      ['another client', { id_token_hint: got.idToken, client_id: 'app_x', post_logout_redirect_uri: after }],
    ]
    for (const [what, query] of rows) {
      const response = await got.browser.get(`${it.url}/oauth/logout?${new URLSearchParams(query)}`)
      assert.deepEqual([response.status, response.headers.get('location')], [400, null], what)
    }
    await it.close()
  },
)

onEachEngine('signing out without a session ends in a page that says so', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const browser = new TestBrowser()
  const asked = await browser.get(`${it.url}/oauth/logout`)
  const html = await asked.text()
  const xsrf = /name="xsrf" value="([\w-]+)"/.exec(html)?.[1] as string
  const done = await browser.post(`${it.url}/oauth/logout/confirm`, { xsrf, logout: 'yes' })
  assert.equal(done.status, 303)
  const last = await browser.get(new URL(done.headers.get('location') as string, it.url))
  assert.deepEqual(await last.json(), { page: 'signedOut' })
  await it.close()
})
