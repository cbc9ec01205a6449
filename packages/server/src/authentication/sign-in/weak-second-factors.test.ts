import assert from 'node:assert/strict'
import { TOTP } from 'otpauth'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { apiOf, FormBrowser, makeUser } from '../../../test/support/people.ts'
import { postForm } from '../../../test/support/tokens.ts'
import { acrOf } from '../sessions/session.ts'

const device = 'urn:ietf:params:oauth:grant-type:device_code'

onEachEngine(
  'what a remembered device gave is not enough for who becomes an administrator: not as a session, a token or an API key',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const settings = { signIn: { rememberDeviceDays: 7, userVerification: 'preferred' } }
      assert.equal((await api('PATCH', `/api/organizations/${home}`, { settings })).status, 200)
      const alice = await makeUser(api, 'alice')
      const browser = await new FormBrowser(server.url).signIn('alice')
      await browser.open('/account/totp')
      const secret = (/<code class="secret">([^<]*)</.exec(browser.page)?.[1] as string).replaceAll(' ', '')
      const code = () => {
        clock.advanceMs(30_000)
        return new TOTP({ secret }).generate({ timestamp: clock.nowMs() })
      }
      await browser.submit('/account/totp', { code: code() })
      await browser.submit('/sign-out', {})
      await browser.signIn('alice')
      await browser.submit('/sign-in/factor', { code: code(), remember: 'yes' })

      const keyOf = async () => {
        const asked = { name: 'k', applications: ['gatehouse'], scopes: ['gatehouse'] }
        const made = await apiOf(server, browser)('POST', '/api/api-keys', asked)
        assert.equal(made.status, 201, JSON.stringify(made.body))
        return made.body.secret as string
      }
      const tokenOf = async () => {
        const form = { client_id: 'gatehouse-cli', scope: 'openid gatehouse', resource: server.url }
        const { body: asked } = await postForm(`${server.url}/oauth/device_authorization`, form)
        await browser.open('/oauth/device')
        await browser.submit('/oauth/device', { user_code: asked.user_code as string })
        await browser.submit('/oauth/device', {})
        const onward = () => /<a [^>]*href="(\/oauth\/device\/[^"]+)"/.exec(browser.page)?.[1] as string
        const consent = /action="(\/oauth\/consent\/[^"]+)"/.exec(browser.page)?.[1]
        if (consent !== undefined) await browser.submit(consent, { decision: 'allow' })
        await browser.open(onward())
        clock.advanceMs(6_000)
        const grant = { grant_type: device, device_code: asked.device_code as string, client_id: 'gatehouse-cli' }
        const got = await postForm(`${server.url}/oauth/token`, grant)
        assert.equal(got.status, 200, JSON.stringify(got.body))
        return got.body.access_token as string
      }
      const own = [await keyOf(), await tokenOf()]
      await browser.open('/account')
      await browser.submit('/sign-out', {})
      await browser.signIn('alice')
      assert.equal(browser.at, '/account', 'the device skips the second factor')
      const weak = [await keyOf(), await tokenOf()]
      const me = async (bearer: string) =>
        (await fetch(`${server.url}/api/me`, { headers: { authorization: `Bearer ${bearer}` } })).status
      assert.deepEqual(await Promise.all([...weak, own[0] as string].map(me)), [200, 200, 200])

      const granted = await api('POST', '/api/grants', {
        role: 'auditor',
        principal: { type: 'User', id: alice },
        resource: { type: 'Organization', id: home },
        why: 'reads',
      })
      assert.equal(granted.status, 201, JSON.stringify(granted.body))
      await until(async () => (await me(weak[0] as string)) !== 200)
      assert.deepEqual(await Promise.all(weak.map(me)), [401, 401])
      assert.equal(await me(own[0] as string), 200, 'made with her own second factor')
      assert.notEqual((await apiOf(server, browser)('GET', '/api/me')).status, 200)

      // A passkey that verifies nobody is no more than a second step, whoever asks for one that cannot be phished.
      assert.equal(acrOf(['pwd', 'hwk', 'mfa']), 'urn:gatehouse:acr:2')
      assert.equal(acrOf(['hwk', 'user', 'mfa']), 'phr')
      const bob = (await api('POST', '/api/users', { organizationId: home, username: 'bob' })).body.id
      const { token } = (await api('POST', `/api/users/${bob}/invitation-link`)).body
      const invited = await new FormBrowser(server.url).open('/invitation')
      await invited.submit('/invitation', { token })
      await invited.open('/enrol')
      assert.match(
        invited.page,
        /userVerification(&quot;|"):(&quot;|")required/,
        'by a link alone it verifies its person',
      )
    }),
)
