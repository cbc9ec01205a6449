import assert from 'node:assert/strict'
import { SignJWT } from 'jose'
import { TOTP } from 'otpauth'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { type Api, apiOf, FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'
import { departureOf, goThrough, Upstream } from '../../../test/support/upstream.ts'

const grant = async (api: Api, userId: string, role: string) => {
  const principal = { type: 'User', id: userId }
  const resource = { type: 'Gatehouse::Deployment', id: 'gatehouse' }
  const granted = await api('POST', '/api/grants', { role, principal, resource, why: 'test' })
  assert.equal(granted.status, 201, JSON.stringify(granted.body))
}

onEachEngine(
  'a linked identity never weakens: second factors, policies, suspension and freshness hold as before',
  (scratch) =>
    inServer(
      scratch,
      async ({ api, server, clock }) => {
        const home = (await api('GET', '/api/organizations')).body.items[0].id
        const upstream = await Upstream.open()
        const { body: made } = await api('POST', '/api/providers', {
          organizationId: home,
          name: 'corp',
          displayName: 'Acme Corp',
          issuer: upstream.url,
          clientId: upstream.clientId,
          authMethod: 'client_secret_basic',
        })
        const path = `/api/providers/${made.id}`
        await api('PUT', `${path}/secret`, { secret: upstream.secret })
        await upstream.register([`${server.url}/sign-in/federated/${made.id}`])
        const byProvider = async (browser = new FormBrowser(server.url), query = '') => {
          clock.advanceMs(Math.max(0, Date.now() - clock.nowMs()))
          await browser.open(`/sign-in${query}`)
          await browser.submit('/sign-in/provider', {})
          return goThrough(browser)
        }
        const meOf = async (browser: FormBrowser) => (await apiOf(server, browser)('GET', '/api/me')).status
        const linked = async (name: string, sub: string) => {
          const id = await makeUser(api, name)
          upstream.account = { sub }
          const browser = await new FormBrowser(server.url).signIn(name)
          await browser.open('/account')
          await browser.submit(`/account/identities/${made.id}/link`, {})
          await goThrough(browser)
          assert.equal(browser.at, '/account?done=linked', browser.text)
          return { id, browser }
        }
        try {
          const alice = await linked('alice', '1')
          const bob = await linked('bob', '2')

          // An administrator needs a second factor of ours, whatever the provider says it has asked for.
          await grant(api, alice.id, 'auditor')
          const says = (...amr: string[]) => {
            upstream.bend = ({ claims }) => ({ claims: { ...claims, amr } })
          }
          upstream.account = { sub: '1' }
          says('pwd', 'mfa')
          await until(async () => (await byProvider()).at === '/enrol')
          // Trusting what it says is the owners' to decide, not an administrator's.
          await grant(api, bob.id, 'administrator')
          await until(async () => (await apiOf(server, bob.browser)('GET', '/api/me')).status === 401)
          const trust = { trustedAmr: ['mfa'] }
          const changed = await api('PATCH', path, trust)
          assert.equal(changed.status, 200, JSON.stringify(changed.body))
          const trusted = await byProvider()
          assert.equal(trusted.at, '/account', trusted.text)
          assert.equal(await meOf(trusted), 200)
          const [session] = (await apiOf(server, trusted)('GET', '/api/me/sessions')).body.items
          assert.deepEqual([session.amr, session.acr], [['fed', 'mfa'], 'urn:gatehouse:acr:2'])
          says('pwd')
          assert.equal((await byProvider()).at, '/enrol')
          // How somebody was asked is what the ID token has signed: userinfo has no say in it (OpenID Connect Core 5.3.2).
          upstream.bend = ({ claims: { amr: _, ...claims } }) => ({ claims })
          upstream.instead.set('/me', () => ({ body: JSON.stringify({ sub: '1', amr: ['mfa'] }) }))
          assert.equal((await byProvider()).at, '/enrol')
          assert.ok(upstream.asked.includes('/me'))
          upstream.instead.clear()
          // Trusted no more, sessions that stood on it end.
          upstream.bend = undefined
          assert.equal((await api('PATCH', path, { trustedAmr: [] })).status, 200)
          await until(async () => (await meOf(trusted)) === 401)

          // A sign-in policy knows who says who it is.
          await linked('dave', '4')
          const carol = await linked('carol', '3')
          const policy = `@id("corp-only") forbid (principal, action, resource)
          when { !(context has provider && context.provider == "corp") } unless { context.administrator };`
          const put = await api('PUT', `/api/organizations/${home}/sign-in-policy`, { files: { 'p.cedar': policy } })
          assert.equal(put.status, 200, JSON.stringify(put.body))
          await until(async () => (await new FormBrowser(server.url).signIn('carol')).status === 403)
          assert.equal((await byProvider()).at, '/account')
          // Also of a sign-in that ends with a first second factor.
          const rules = async (signIn: object) =>
            assert.equal((await api('PATCH', `/api/organizations/${home}`, { settings: { signIn } })).status, 200)
          await rules({ secondFactor: 'everyone' })
          upstream.account = { sub: '4' }
          const dave = new FormBrowser(server.url)
          await until(async () => (await byProvider(dave)).at === '/enrol')
          await dave.open('/enrol/password')
          await dave.submit('/enrol/password', { password: goodPassword, again: goodPassword })
          assert.equal(dave.at, '/enrol/totp', dave.text)
          const secret = (/<code class="secret">([^<]*)</.exec(dave.page)?.[1] as string).replaceAll(' ', '')
          await dave.submit('/enrol/totp', { code: new TOTP({ secret }).generate({ timestamp: clock.nowMs() }) })
          assert.match(dave.text, /Keep these safe/)
          await rules({})
          upstream.account = { sub: '3' }
          const none = '@id("none") forbid (principal, action, resource) when { context.address.isMulticast() };'
          await api('PUT', `/api/organizations/${home}/sign-in-policy`, { files: { 'p.cedar': none } })

          // A session that there is is proved anew only by a provider that has asked now (max_age, auth_time).
          await until(async () => (await new FormBrowser(server.url).signIn('carol')).at === '/account')
          const again = await new FormBrowser(server.url).signIn('carol')
          upstream.bend = ({ claims }) => ({ claims: { ...claims, auth_time: Math.floor(Date.now() / 1_000) - 3_600 } })
          assert.equal((await byProvider(again, '?reauthenticate=yes')).status, 502)
          upstream.bend = ({ claims: { auth_time: _, ...claims } }) => ({ claims })
          assert.equal((await byProvider(again, '?reauthenticate=yes')).status, 502)
          upstream.bend = undefined
          await again.open('/sign-in?reauthenticate=yes')
          await again.submit('/sign-in/provider', {})
          assert.equal(departureOf(again).searchParams.get('prompt'), 'login')
          assert.equal((await goThrough(again)).at, '/account')

          // A provider's own session is no fresh proof: what changes how one signs in asks again.
          upstream.bend = ({ claims }) => ({ claims: { ...claims, auth_time: Math.floor(Date.now() / 1_000) - 3_600 } })
          const stale = await byProvider()
          assert.equal(stale.at, '/account')
          await stale.open('/account/password')
          assert.match(stale.at, /^\/sign-in\?/)
          upstream.bend = undefined

          // What ends there ends here (OpenID Connect Back-Channel Logout 2.6); what only looks like it does not.
          const living = await byProvider()
          const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
          const token = (claims: object) =>
            new SignJWT({ iss: upstream.url, aud: 'gatehouse', sub: '3', jti: crypto.randomUUID(), events, ...claims })
              .setProtectedHeader({ alg: 'ES256', kid: 'there', typ: 'logout+jwt' })
              .setIssuedAt()
              .setExpirationTime('2m')
              .sign(upstream.keys.privateKey)
          const logout = async (claims: object) => {
            const body = new URLSearchParams({ logout_token: await token(claims) })
            return (await fetch(`${server.url}/sign-in/federated/${made.id}/logout`, { method: 'POST', body })).status
          }
          for (const claims of [
            { nonce: 'n' },
            { events: {} },
            { aud: 'other' },
            { iss: 'https://other.example' },
            { sub: undefined },
          ])
            assert.equal(await logout(claims), 400, JSON.stringify(claims))
          assert.equal(await meOf(living), 200)
          assert.equal(await logout({}), 200)
          await until(async () => (await meOf(living)) === 401)

          // A person who is barred is not let in, and a provider that is suspended lets nobody in.
          assert.equal((await api('POST', `/api/users/${carol.id}/suspend`, {})).status, 200)
          const barred = await byProvider()
          assert.equal(barred.status, 401)
          assert.match(barred.text, /your account here is not open/)
          await api('POST', `/api/users/${carol.id}/activate`, {})
          const last = await byProvider()
          assert.equal(last.at, '/account')
          const onTheWay = await new FormBrowser(server.url).open('/sign-in')
          await onTheWay.submit('/sign-in/provider', {})
          assert.equal((await api('POST', `${path}/suspend`, {})).status, 200)
          await until(async () => (await meOf(last)) === 401)
          assert.equal((await goThrough(onTheWay)).status, 409)
          assert.doesNotMatch((await new FormBrowser(server.url).open('/sign-in')).page, /sign-in\/provider/)
          await api('POST', `${path}/activate`, {})

          // Not the last way in; and with the factors reset, the link is gone too.
          const removed = await api('POST', `/api/users/${carol.id}/reset-factors`, {})
          assert.ok(removed.status < 300, JSON.stringify(removed.body))
          assert.equal((await api('GET', `/api/users/${carol.id}/identities`)).body.items.length, 0)
          assert.equal((await api('DELETE', path)).status, 204)
          await until(async () => (await api('GET', `/api/users/${alice.id}/identities`)).body.items.length === 0)
          assert.doesNotMatch(
            JSON.stringify((await api('GET', '/api/events')).body),
            new RegExp(`${upstream.secret}|${goodPassword}`),
          )
        } finally {
          await upstream.close()
        }
      },
      { GATEHOUSE_OUTGOING_ALLOW: '127.0.0.1' },
    ),
)
