import assert from 'node:assert/strict'
import { TOTP } from 'otpauth'
import { onEachEngine } from '../../../test/support/engines.ts'
import { type House, inServer, until } from '../../../test/support/house.ts'
import { withMail } from '../../../test/support/mail.ts'
import { apiOf, FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'

/** A person with a password and an app, whose codes are right by the server's clock moved by so much. */
async function withApp({ server, api, clock }: House, name: string) {
  const id = await makeUser(api, name)
  const browser = await new FormBrowser(server.url).signIn(name)
  await browser.open('/account/totp')
  const secret = (/<code class="secret">([^<]*)</.exec(browser.page)?.[1] as string).replaceAll(' ', '')
  const code = (offMs = 0) => new TOTP({ secret }).generate({ timestamp: clock.nowMs() + offMs })
  return { id, browser, code }
}

onEachEngine('a phone whose clock is wrong: at setting up and at sign-in the page says what to look at', (scratch) =>
  inServer(scratch, async (house) => {
    const { browser, code } = await withApp(house, 'alice')
    await browser.submit('/account/totp', { code: code(5 * 60_000) })
    assert.equal(browser.status, 422)
    assert.match(browser.text, /The clock of the phone may be wrong/)
    await browser.submit('/account/totp', { code: code() })
    house.clock.advanceMs(60_000)
    const again = await new FormBrowser(house.server.url).signIn('alice')
    assert.doesNotMatch(again.text, /clock/)
    await again.submit('/sign-in/factor', { code: code(-5 * 60_000) })
    assert.equal(again.status, 401)
    assert.match(again.text, /The clock of the phone may be wrong/)
    await again.submit('/sign-in/factor', { code: code(29_000) })
    assert.equal(again.at, '/account', 'one step off is taken (RFC 6238 5.2)')
  }),
)

onEachEngine(
  'a server whose clock is set back: who is signed in stays so, and no code counts a second time',
  (scratch) =>
    inServer(scratch, async (house) => {
      const { clock, server } = house
      const { browser, code } = await withApp(house, 'alice')
      await browser.submit('/account/totp', { code: code() })
      clock.advanceMs(3_600_000)
      const used = code()
      const signedIn = await new FormBrowser(server.url).signIn('alice')
      await signedIn.submit('/sign-in/factor', { code: used })
      assert.equal(signedIn.at, '/account')
      clock.advanceMs(-1_800_000)
      assert.equal((await apiOf(server, signedIn)('GET', '/api/me')).status, 200)
      const again = await new FormBrowser(server.url).signIn('alice')
      for (const late of [used, code()]) {
        await again.submit('/sign-in/factor', { code: late })
        assert.notEqual(again.at, '/account', 'older than one that was used')
      }
      clock.advanceMs(1_860_000)
      const later = await new FormBrowser(server.url).signIn('alice')
      await later.submit('/sign-in/factor', { code: code() })
      assert.equal(later.at, '/account')
    }),
)

onEachEngine(
  'a lost second factor: a recovery code, else an administrator; never the password or a letter alone',
  (scratch) =>
    withMail(scratch, async (house, mail) => {
      const { server, api } = house
      const { id, browser, code } = await withApp(house, 'alice')
      const { headers } = await api('GET', `/api/users/${id}`)
      await api(
        'PATCH',
        `/api/users/${id}`,
        { email: 'alice@example.com' },
        { 'if-match': headers.get('etag') as string },
      )
      await browser.submit('/account/totp', { code: code() })
      await browser.open('/account')
      await browser.submit('/account/recovery-codes', {})
      const codes = [...browser.page.matchAll(/<li>([0-9a-z-]{19})<\/li>/g)].map(([, each]) => each as string)

      const lost = await new FormBrowser(server.url).signIn('alice')
      assert.match(lost.text, /Lost your device\? Use a recovery code/)
      await lost.open('/sign-in/recovery')
      assert.match(lost.text, /No codes left\? An administrator of your organization can reset your sign-in/)
      await lost.submit('/sign-in/recovery', { code: codes[0] as string })
      assert.equal(lost.at, '/account')

      // A letter replaces a forgotten password, and the second factor is asked for as before.
      const forgot = await new FormBrowser(server.url).open('/sign-in')
      await forgot.submit('/sign-in', { login: 'alice' })
      await forgot.open('/forgotten')
      await forgot.submit('/forgotten', {})
      const of = () => mail.letters.find((letter) => /\/recovery#/.test(letter))
      await until(async () => of() !== undefined)
      await forgot.open('/recovery')
      await forgot.submit('/recovery', { token: /\/recovery#([\w-]+)/.exec(of() as string)?.[1] as string })
      const next = 'seven quiet otters juggle'
      await forgot.submit('/recovery/password', { password: next, again: next })
      const still = await new FormBrowser(server.url).signIn('alice', next)
      assert.equal(still.at, '/sign-in/factor')

      const reset = await api('POST', `/api/users/${id}/reset-factors`)
      assert.equal(reset.status, 201)
      assert.equal((await new FormBrowser(server.url).signIn('alice', next)).status, 401)
      const enrolled = await api('POST', '/api/enrolments', { token: reset.body.token, password: goodPassword })
      assert.equal(enrolled.status, 201)
      assert.equal((await new FormBrowser(server.url).signIn('alice')).at, '/account')
    }),
)

onEachEngine(
  'mail that cannot be delivered: the page says where to turn, the record says that it was given up',
  (scratch) =>
    withMail(scratch, async ({ server, api }, mail) => {
      mail.answer = 550
      const made = await api('POST', '/api/organizations', {
        name: 'acme',
        settings: { registration: { open: true, domains: ['*'] } },
      })
      assert.equal(made.status, 201)
      const browser = await new FormBrowser(server.url).open('/register?organization=acme')
      await browser.submit('/register', { email: 'gone@example.com' })
      assert.equal(browser.status, 200)
      assert.match(browser.text, /Nothing there after some minutes\?.*ask an administrator/)
      const given = '/api/events?type=authentication.letter_undeliverable'
      await until(async () => (await api('GET', given)).body.items.length === 1)
      const [event] = (await api('GET', given)).body.items
      assert.deepEqual([event.object.type, event.data.about], ['Organization', 'register'])
      assert.doesNotMatch(JSON.stringify(event), /gone@example\.com/)
    }),
)
