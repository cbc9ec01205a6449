// A session that goes on is held to the sign-in policies of the moment, wherever it is used.
import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { type House, inServer } from '../../../test/support/house.ts'
import { apiOf, BrowserAt, behindProxy, FormBrowser, makeUser } from '../../../test/support/people.ts'
import { pkce } from '../../../test/support/token-flow.ts'

const office = '198.51.100.7'
const elsewhere = '203.0.113.9'
const homeOf = async ({ api }: House): Promise<string> => (await api('GET', '/api/organizations')).body.items[0].id

async function apply(house: House, policies: string): Promise<void> {
  const files = { 'p.cedar': policies }
  const { status, body } = await house.api('PUT', `/api/organizations/${await homeOf(house)}/sign-in-policy`, { files })
  assert.equal(status, 200, JSON.stringify(body))
}

const outside = 'unless { context.address.isInRange(ip("198.51.100.0/24")) };'

onEachEngine('a session is held to sign-in policies wherever it goes on: pages, API, gateway, and at once', (scratch) =>
  inServer(
    scratch,
    async (house) => {
      const { server, api } = house
      await makeUser(api, 'alice')
      const origin = 'https://docs.example.com'
      const made = await api('POST', '/api/applications', {
        ...{ organizationId: await homeOf(house), name: 'docs', kind: 'web', origins: [origin] },
        routes: [{ method: 'GET', path: '/x', action: 'read', resource: 'Document::"x"' }],
      })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      const browser = new BrowserAt(server.url, office)
      await browser.signIn('alice')
      assert.equal(browser.at, '/account')
      const me = async (address: string) => {
        const cookie = ['session', 'device'].map((name) => `gatehouse-${name}=${browser.cookie(`gatehouse-${name}`)}`)
        const headers = { cookie: cookie.join('; '), 'x-forwarded-for': address }
        const answer = await fetch(`${server.url}/api/me`, { headers })
        return { status: answer.status, body: (await answer.json()) as { code?: string; factors?: string[] } }
      }
      const gateway = async (address: string) => {
        const headers = {
          ...{ 'x-forwarded-method': 'GET', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'docs.example.com' },
          ...{ 'x-forwarded-uri': '/x', 'x-forwarded-for': address, accept: 'text/html', 'accept-language': 'de' },
          'sec-fetch-mode': 'navigate',
          cookie: `gatehouse-session=${browser.cookie('gatehouse-session')}`,
        }
        // `fetch` calls itself no browser.
        const answer = await server.web.app.inject({ url: '/forward-auth', headers })
        return { reason: answer.headers['gatehouse-reason'], page: answer.body }
      }
      assert.deepEqual([(await me(office)).status, (await me(elsewhere)).status], [200, 200])
      const before = (await gateway(elsewhere)).reason

      await apply(house, `@id("office") forbid (principal, action, resource) ${outside}`)
      assert.equal((await me(office)).status, 200)
      const away = await me(elsewhere)
      assert.deepEqual([away.status, away.body.code], [403, 'authentication.denied'])
      const page = await gateway(elsewhere)
      assert.equal(page.reason, 'gatehouse:sign-in-policy')
      assert.match(page.page, /<html lang="de"/)
      assert.match(page.page, /docs verlangt eine stärkere Anmeldung/)
      assert.match(page.page, /href="https:\/\/docs\.example\.com\/\.gatehouse\/sign-in\?to=%2Fx"/)
      assert.equal((await gateway(office)).reason, before, 'as before, in the office')
      browser.moveTo(elsewhere)
      await browser.open('/account')
      assert.equal(browser.status, 403)
      assert.match(browser.text, /Not here and now/)
      await browser.open('/sign-out')
      assert.match(browser.text, /Sign out\?/, 'signing out is always possible')
      browser.moveTo(office)
      assert.equal((await browser.open('/account')).status, 200)

      // One that names what is needed sends to prove it, and says at the API what that is.
      await apply(house, `@id("app") @require("totp") forbid (principal, action, resource) ${outside}`)
      const needed = await me(elsewhere)
      assert.deepEqual([needed.status, needed.body.code], [401, 'authentication.proof_needed'])
      assert.deepEqual(needed.body.factors, ['totp'])
      house.clock.advanceMs(61_000)
      browser.moveTo(elsewhere)
      await browser.open('/account')
      assert.match(browser.at, /^\/sign-in\?return_to=%2Faccount&reauthenticate=yes$/)
      await browser.signIn('alice', undefined, '?reauthenticate=yes')
      assert.equal(browser.status, 403)
      assert.match(browser.text, /asks for an authenticator app too, which you do not have/)
      browser.moveTo(office)
      assert.equal((await browser.open('/account')).status, 200, 'and in the office all is as it was')

      // Failing to sign in as somebody ends nothing of what they are doing.
      await apply(
        house,
        '@id("calm") forbid (principal, action, resource) when { context.risks.contains("failures") };',
      )
      await new FormBrowser(server.url).signIn('alice', 'wrong password of another')
      assert.equal((await me(office)).status, 200)
      assert.equal((await apiOf(server, browser)('GET', '/api/me')).status, 200)
    },
    behindProxy,
  ),
)

onEachEngine(
  'a refresh is held to sign-in policies: refused with what is needed, and good again when they permit',
  (scratch) =>
    inServer(
      scratch,
      async (house) => {
        const { server, api } = house
        await makeUser(api, 'alice')
        const redirectUri = 'https://app.example/callback'
        const app = async (more: object) => {
          const organizationId = await homeOf(house)
          const made = await api('POST', '/api/applications', {
            ...{
              organizationId,
              redirectUris: [redirectUri],
              consentRequired: false,
              scopes: ['openid', 'read'],
              ...more,
            },
            grantTypes: ['authorization_code', 'refresh_token'],
          })
          assert.equal(made.status, 201, JSON.stringify(made.body))
          return made.body.id as string
        }
        const spa = await app({ name: 'spa', kind: 'web', authMethod: 'none' })
        const web = await app({ name: 'web', kind: 'web' })
        const secret = (await api('POST', `/api/applications/${web}/secrets`, {})).body.secret as string
        const browser = new BrowserAt(server.url, office)
        await browser.signIn('alice')
        const authenticate = (client: string): Record<string, string> =>
          client === web
            ? { authorization: `Basic ${Buffer.from(`${web}:${secret}`).toString('base64')}` }
            : { origin: 'https://app.example' }
        const token = async (client: string, form: Record<string, string>, address: string) => {
          const answer = await fetch(`${server.url}/oauth/token`, {
            method: 'POST',
            headers: { ...authenticate(client), 'x-forwarded-for': address },
            body: new URLSearchParams({ ...form, ...(client === spa && { client_id: spa }) }),
          })
          return { status: answer.status, body: (await answer.json()) as Record<string, string> }
        }
        const obtain = async (client: string): Promise<string> => {
          const { verifier, challenge } = pkce()
          const query = new URLSearchParams({
            ...{ client_id: client, redirect_uri: redirectUri, response_type: 'code', scope: 'openid read' },
            ...{ code_challenge: challenge, code_challenge_method: 'S256' },
          })
          const onward = await browser.get(`${server.url}/oauth/authorize?${query}`)
          const code = new URL(onward.headers.get('location') as string, server.url).searchParams.get('code') as string
          assert.ok(code, String(onward.headers.get('location')))
          const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri }
          const { body } = await token(client, form, elsewhere)
          assert.ok(body.refresh_token, JSON.stringify(body))
          return body.refresh_token
        }
        const held: Record<string, string> = { [spa]: await obtain(spa), [web]: await obtain(web) }
        const refresh = async (client: string, address: string, more: Record<string, string> = {}) => {
          const form = { grant_type: 'refresh_token', refresh_token: held[client] as string, ...more }
          const told = await token(client, form, address)
          if (told.status === 200) held[client] = told.body.refresh_token as string
          return told
        }
        for (const client of [spa, web]) assert.equal((await refresh(client, elsewhere)).status, 200)

        await apply(house, `@id("app") @require("totp") forbid (principal, action, resource) ${outside}`)
        const refused = await refresh(spa, elsewhere)
        assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'])
        assert.match(refused.body.error_description ?? '', /ask for an authenticator app here and now: sign in again/)
        assert.equal((await refresh(spa, elsewhere, { foo: 'the long way' })).status, 400)
        const inside = await refresh(spa, office)
        assert.equal(inside.status, 200, `nothing was used up: ${JSON.stringify(inside.body)}`)
        assert.equal((await refresh(web, elsewhere)).status, 200, 'its server is elsewhere, its person in the office')

        const opens = `context has application && context.application == Application::"${web}"`
        await apply(house, `@id("closed") forbid (principal, action, resource) when { ${opens} };`)
        assert.equal((await refresh(spa, elsewhere)).status, 200)
        const closed = await refresh(web, elsewhere)
        assert.deepEqual([closed.status, closed.body.error], [400, 'invalid_grant'])
        assert.match(closed.body.error_description ?? '', /do not permit this here and now/)
      },
      behindProxy,
    ),
)

onEachEngine(
  'which application a sign-in is for is known from the authorization, whatever the address says',
  (scratch) =>
    inServer(scratch, async (house) => {
      const { server, api } = house
      await makeUser(api, 'alice')
      const redirectUri = 'https://app.example/callback'
      const ids: string[] = []
      for (const name of ['open', 'other']) {
        const input = { organizationId: await homeOf(house), name, kind: 'web', redirectUris: [redirectUri] }
        const made = await api('POST', '/api/applications', { ...input, consentRequired: false })
        ids.push(made.body.id)
      }
      const [open, other] = ids as [string, string]
      await apply(
        house,
        `@id("only-open") forbid (principal, action, resource)
unless { context.administrator || (context has application && context.application == Application::"${open}") };`,
      )
      const begin = async (browser: FormBrowser, client: string): Promise<string> => {
        const query = new URLSearchParams({
          ...{ client_id: client, redirect_uri: redirectUri, response_type: 'code', scope: 'openid' },
          ...{ code_challenge: pkce().challenge, code_challenge_method: 'S256' },
        })
        const answer = await browser.get(`${server.url}/oauth/authorize?${query}`)
        return new URL(answer.headers.get('location') as string, server.url).searchParams.get('return_to') as string
      }
      const signIn = async (returnTo: (browser: FormBrowser) => Promise<string>) => {
        const browser = new FormBrowser(server.url)
        const query = new URLSearchParams({ return_to: await returnTo(browser) })
        await browser.signIn('alice', undefined, `?${query}`)
        return browser
      }
      const named = await signIn((browser) => begin(browser, open))
      assert.equal(named.status, 200, named.text)
      assert.ok(named.cookie('gatehouse-session'))
      for (const returnTo of [
        async () => `/account?application=${open}`,
        async () => `/oauth/authorize/unknown?application=${open}`,
        async (browser: FormBrowser) => `${await begin(browser, other)}?application=${open}`,
      ]) {
        const refused = await signIn(returnTo)
        assert.equal(refused.status, 403)
        assert.equal(refused.cookie('gatehouse-session'), undefined)
      }
    }),
)
