import assert from 'node:assert/strict'
import { onEachEngine } from '../../test/support/engines.ts'
import { inServer, until } from '../../test/support/house.ts'
import { FormBrowser, goodPassword, makeUser } from '../../test/support/people.ts'
import { postForm } from '../../test/support/tokens.ts'

const device = 'urn:ietf:params:oauth:grant-type:device_code'
const client = { client_id: 'gatehouse-cli' }

onEachEngine(
  'the command line is off for whom it is said: an organization for its people, the operator for everybody; no sign-in, no renewal, and what is held opens nothing',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const acme = (await api('POST', '/api/organizations', { name: 'acme', displayName: 'Acme' })).body.id
      await makeUser(api, 'alice', home)
      await makeUser(api, 'bob', acme)
      const token = (form: Record<string, string>) => postForm(`${server.url}/oauth/token`, { ...client, ...form })
      const ask = () =>
        postForm(`${server.url}/oauth/device_authorization`, {
          ...client,
          scope: 'openid gatehouse',
          resource: server.url,
        })
      /** Tokens of the person whose browser it is, or what the browser is shown instead. */
      const login = async (browser: FormBrowser) => {
        const { body: asked } = await ask()
        await browser.open('/oauth/device')
        await browser.submit('/oauth/device', { user_code: asked.user_code as string })
        await browser.submit('/oauth/device', {})
        const consent = /action="(\/oauth\/consent\/[^"]+)"/.exec(browser.page)?.[1]
        if (consent !== undefined) await browser.submit(consent, { decision: 'allow' })
        const onward = /<a [^>]*href="(\/oauth\/device\/[^"]+)"/.exec(browser.page)?.[1]
        if (onward !== undefined) await browser.open(onward)
        clock.advanceMs(6_000)
        const { body } = await token({ grant_type: device, device_code: asked.device_code as string })
        return body as Record<string, string>
      }
      const signedIn = async (login: string, organization: string) => {
        const browser = await new FormBrowser(server.url).open('/sign-in')
        if (organization !== 'home') await browser.submit('/sign-in', { login })
        await browser.submit('/sign-in', { login, organization })
        await browser.submit('/sign-in/password', { password: goodPassword })
        assert.equal(browser.at, '/account', browser.text)
        return browser
      }
      const [alice, bob] = [await signedIn('alice', 'home'), await signedIn('bob', 'acme')]
      const [ofAlice, ofBob] = [await login(alice), await login(bob)]
      assert.ok(ofAlice.access_token && ofBob.access_token, JSON.stringify([ofAlice, ofBob]))
      const me = async ({ access_token }: Record<string, string>) =>
        (await fetch(`${server.url}/api/me`, { headers: { authorization: `Bearer ${access_token}` } })).status
      assert.deepEqual([await me(ofAlice), await me(ofBob)], [200, 200])

      const say = async (organization: string, commandLine: boolean) => {
        const settings = { tokens: { commandLine } }
        const said = await api('PATCH', `/api/organizations/${organization}`, { settings })
        assert.equal(said.status, 200, JSON.stringify(said.body))
      }
      await say(acme, false)
      await until(async () => (await me(ofBob)) === 401)
      const renewed = await token({ grant_type: 'refresh_token', refresh_token: ofBob.refresh_token as string })
      assert.deepEqual([renewed.status, renewed.body.error], [400, 'invalid_grant'])
      assert.match((await login(bob)).error as string, /^(access_denied|authorization_pending)$/)
      assert.equal(await me(ofAlice), 200, 'others have it')
      const again = await token({ grant_type: 'refresh_token', refresh_token: ofAlice.refresh_token as string })
      assert.equal(again.status, 200, JSON.stringify(again.body))

      await say(home, false)
      await until(async () => (await me(ofAlice)) === 401)
      const off = await token({ grant_type: 'refresh_token', refresh_token: again.body.refresh_token as string })
      assert.deepEqual([off.status, off.body.error], [401, 'invalid_client'])
      const asked = await ask()
      assert.deepEqual([asked.status, asked.body.error], [401, 'invalid_client'])

      await say(home, true)
      await until(async () => (await ask()).status === 200)
      assert.ok((await login(alice)).access_token)
    }),
)
