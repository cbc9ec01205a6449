import assert from 'node:assert/strict'
import { TOTP } from 'otpauth'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { withMail } from '../../../test/support/mail.ts'
import { FormBrowser, makeUser } from '../../../test/support/people.ts'

onEachEngine(
  'an authenticator app is set up, replaced and removed on the account page, and its person hears of each by mail',
  (scratch) =>
    withMail(scratch, async ({ server, api, clock }, mail) => {
      const id = await makeUser(api, 'alice')
      const { headers } = await api('GET', `/api/users/${id}`)
      const etag = headers.get('etag') as string
      await api('PATCH', `/api/users/${id}`, { email: 'alice@example.com' }, { 'if-match': etag })
      const browser = await new FormBrowser(server.url).signIn('alice')
      const setUp = async () => {
        await browser.open('/account/totp')
        const secret = (/<code class="secret">([^<]*)</.exec(browser.page)?.[1] as string).replaceAll(' ', '')
        await browser.submit('/account/totp', { code: new TOTP({ secret }).generate({ timestamp: clock.nowMs() }) })
        assert.match(browser.text, /Your authenticator app is set up/)
        return secret
      }
      const first = await setUp()
      const second = await setUp()
      assert.notEqual(first, second)
      const fresh = await new FormBrowser(server.url).signIn('alice')
      assert.equal(fresh.at, '/sign-in/factor')
      await browser.submit('/account/totp/remove', {})
      assert.match(browser.text, /The authenticator app is removed/)
      assert.equal((await new FormBrowser(server.url).signIn('alice')).at, '/account')
      await fresh.submit('/sign-in/factor', { code: '000000' })
      assert.equal(fresh.status, 409, 'a sign-in that stood before the second step does not go on')
      const said = () => mail.letters.filter((letter) => /^Subject: How you sign in has changed/m.test(letter))
      await until(async () => said().length === 3)
      assert.equal(said().filter((letter) => letter.includes('was set up')).length, 2)
      assert.equal(said().filter((letter) => letter.includes('was removed')).length, 1)
    }),
)

onEachEngine('who must have two factors cannot remove the second, and what is not there cannot be removed', (scratch) =>
  withMail(scratch, async ({ server, api, clock }) => {
    await makeUser(api, 'alice')
    const home = (await api('GET', '/api/organizations')).body.items[0].id
    const browser = await new FormBrowser(server.url).signIn('alice')
    await browser.open('/account/totp')
    const secret = (/<code class="secret">([^<]*)</.exec(browser.page)?.[1] as string).replaceAll(' ', '')
    await browser.submit('/account/totp', { code: new TOTP({ secret }).generate({ timestamp: clock.nowMs() }) })
    const { headers } = await api('GET', `/api/organizations/${home}`)
    const etag = headers.get('etag') as string
    const settings = { signIn: { secondFactor: 'everyone' } }
    const changed = await api('PATCH', `/api/organizations/${home}`, { settings }, { 'if-match': etag })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    clock.advanceMs(60_000)
    const again = await new FormBrowser(server.url).signIn('alice')
    await again.submit('/sign-in/factor', { code: new TOTP({ secret }).generate({ timestamp: clock.nowMs() }) })
    assert.equal(again.at, '/account')
    await again.submit('/account/totp/remove', {})
    assert.equal(again.status, 409)
    assert.match(again.text, /no way left to sign in/)
  }),
)
