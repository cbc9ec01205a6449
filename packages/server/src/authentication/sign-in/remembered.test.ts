import assert from 'node:assert/strict'
import { TOTP } from 'otpauth'
import { onEachEngine } from '../../../test/support/engines.ts'
import { type House, inServer, until } from '../../../test/support/house.ts'
import { apiOf, FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'

const dayMs = 86_400_000
const homeOf = async ({ api }: House): Promise<string> => (await api('GET', '/api/organizations')).body.items[0].id

async function withApp({ server, api, clock }: House, name: string) {
  const id = await makeUser(api, name)
  const browser = await new FormBrowser(server.url).signIn(name)
  await browser.open('/account/totp')
  const secret = (/<code class="secret">([^<]*)</.exec(browser.page)?.[1] as string).replaceAll(' ', '')
  const code = () => {
    clock.advanceMs(30_000)
    return new TOTP({ secret }).generate({ timestamp: clock.nowMs() })
  }
  await browser.submit('/account/totp', { code: code() })
  return { id, code }
}

onEachEngine(
  'a remembered device skips the second factor for its days, for its person, until anything changes',
  (scratch) =>
    inServer(scratch, async (house) => {
      const { api, server, clock } = house
      const alice = await withApp(house, 'alice')
      const bob = await withApp(house, 'bob')
      const browser = await new FormBrowser(server.url).signIn('alice')
      assert.doesNotMatch(
        browser.text,
        /Do not ask on this device/,
        'an organization that does not say so allows it to nobody',
      )
      const settings = { signIn: { rememberDeviceDays: 7 } }
      assert.equal((await api('PATCH', `/api/organizations/${await homeOf(house)}`, { settings })).status, 200)
      await browser.open('/sign-in/factor')
      assert.match(browser.text, /Do not ask on this device for 7 days/)
      await browser.submit('/sign-in/factor', { code: alice.code(), remember: 'yes' })
      assert.equal(browser.at, '/account')
      assert.match(browser.text, /Devices that skip the second step/)

      const signOut = () => browser.submit('/sign-out', {})
      await signOut()
      await browser.signIn('alice')
      assert.equal(browser.at, '/account')
      const [session] = (await apiOf(server, browser)('GET', '/api/me/sessions')).body.items
      assert.deepEqual(session.amr, ['pwd', 'mfa'])
      // Who proves themselves again does it wholly; another person, and another browser, are asked as ever.
      await browser.signIn('alice', goodPassword, '?reauthenticate=1')
      assert.equal(browser.at, '/sign-in/factor')
      assert.equal((await new FormBrowser(server.url).signIn('alice')).at, '/sign-in/factor')
      await browser.open('/account')
      await signOut()
      assert.equal((await browser.signIn('bob')).at, '/sign-in/factor')
      assert.ok(bob.id)
      // The database holds no token of it.
      const token = browser.cookie('gatehouse-device') as string
      const kept = await server.storage.db.selectFrom('known_devices').selectAll().execute()
      assert.ok(kept.length > 0 && !JSON.stringify(kept).includes(token))
      await browser.signIn('alice')
      assert.equal(browser.at, '/account')
      await signOut()

      // A policy may ask all the same.
      const policy = `@id("fresh") @require("totp") forbid (principal, action, resource)
      when { context.factors.contains("remembered_device") && !context.factors.contains("totp") };`
      const url = `/api/organizations/${await homeOf(house)}/sign-in-policy`
      assert.equal((await api('PUT', url, { files: { 'p.cedar': policy } })).status, 200)
      await browser.signIn('alice')
      assert.equal(browser.at, '/sign-in/factor')
      await browser.submit('/sign-in/factor', { code: alice.code() })
      assert.equal(browser.at, '/account')
      assert.equal((await api('PUT', url, { files: {} })).status, 200)

      // Forgotten on the account page.
      const forget = /action="(\/account\/devices\/[^"]+\/forget)"/.exec(browser.page)?.[1] as string
      await browser.submit(forget, {})
      assert.match(browser.text, /asked for there again/)
      await signOut()
      assert.equal((await browser.signIn('alice')).at, '/sign-in/factor')
      await browser.submit('/sign-in/factor', { code: alice.code(), remember: 'yes' })
      await signOut()
      // Its days are over.
      clock.advanceMs(7 * dayMs)
      assert.equal((await browser.signIn('alice')).at, '/sign-in/factor')
      await browser.submit('/sign-in/factor', { code: alice.code(), remember: 'yes' })

      // A new password, the end of all sessions, and any administrator’s role end it.
      await browser.open('/account/password')
      await browser.submit('/account/password', { password: `${goodPassword} two`, again: `${goodPassword} two` })
      assert.equal(browser.at, '/account?done=password')
      await signOut()
      assert.equal((await browser.signIn('alice', `${goodPassword} two`)).at, '/sign-in/factor')
      await browser.submit('/sign-in/factor', { code: alice.code(), remember: 'yes' })
      const contained = await api('POST', '/api/contain', { id: alice.id, parts: ['sessions'], reason: 'test' })
      assert.ok(contained.status < 300, JSON.stringify(contained.body))
      assert.equal((await browser.signIn('alice', `${goodPassword} two`)).at, '/sign-in/factor')
      await browser.submit('/sign-in/factor', { code: alice.code(), remember: 'yes' })
      await signOut()
      const granted = await api('POST', '/api/grants', {
        ...{ role: 'auditor', principal: { type: 'User', id: alice.id }, why: 'test' },
        resource: { type: 'Organization', id: await homeOf(house) },
      })
      assert.equal(granted.status, 201)
      const { administrators } = server.authentication.services
      await until(async () => administrators.isAdministrator(alice.id as never))
      assert.equal((await browser.signIn('alice', `${goodPassword} two`)).at, '/sign-in/factor')
      assert.doesNotMatch(browser.text, /Do not ask on this device/)
    }),
)
