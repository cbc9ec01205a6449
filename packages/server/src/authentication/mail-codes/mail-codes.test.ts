// Codes and links by a real SMTP server (smtp-server) in the test's process.
import assert from 'node:assert/strict'
import { TOTP } from 'otpauth'
import { onEachEngine } from '../../../test/support/engines.ts'
import { type House, until } from '../../../test/support/house.ts'
import { type MailServer, withMail } from '../../../test/support/mail.ts'
import { apiOf, FormBrowser, goodPassword } from '../../../test/support/people.ts'

const homeOf = async ({ api }: House): Promise<string> => (await api('GET', '/api/organizations')).body.items[0].id

async function takeMail(house: House, more: object = {}): Promise<void> {
  const settings = { signIn: { factors: ['password', 'passkey', 'totp', 'email'], ...more } }
  assert.equal((await house.api('PATCH', `/api/organizations/${await homeOf(house)}`, { settings })).status, 200)
}

/** Somebody who enrolled by a letter, so that their address is known to be read. */
async function invited(house: House, mail: MailServer, name: string): Promise<string> {
  const { api } = house
  const email = `${name}@example.com`
  const user = { organizationId: await homeOf(house), username: name, displayName: name, email }
  const { id } = (await api('POST', '/api/users', user)).body
  const before = mail.letters.length
  assert.equal((await api('POST', `/api/users/${id}/invitation-mail`)).status, 202)
  await until(async () => mail.letters.length > before)
  const token = /\/invitation#(\S+)/.exec(mail.letters.at(-1) as string)?.[1] as string
  assert.equal((await api('POST', '/api/enrolments', { token, password: goodPassword })).status, 201)
  return id
}

/** Begins a sign-in and asks for a letter. */
async function ask(house: House, login: string): Promise<FormBrowser> {
  const browser = await new FormBrowser(house.server.url).open('/sign-in')
  await browser.submit('/sign-in', { login })
  return browser.submit('/sign-in/email/send', {})
}

async function letter(mail: MailServer, before: number): Promise<{ code: string; token: string }> {
  // Other letters, of factors that change, may come between.
  const found = () => mail.letters.slice(before).find((text) => /^ {2}\d{8}\r?$/m.test(text))
  await until(async () => found() !== undefined)
  const text = found() as string
  return {
    code: /^ {2}(\d{8})\r?$/m.exec(text)?.[1] as string,
    token: /\/sign-in\/link#(\S+)/.exec(text)?.[1] as string,
  }
}

onEachEngine(
  'a code by mail signs its browser in, once; few tries, ten minutes, and one answer for everybody',
  (scratch) =>
    withMail(scratch, async (house, mail) => {
      const { server, api, clock } = house
      await invited(house, mail, 'alice')
      const first = await new FormBrowser(server.url).open('/sign-in')
      await first.submit('/sign-in', { login: 'alice' })
      assert.doesNotMatch(first.text, /Send me a code/, 'an organization that does not name it does not take it')
      await takeMail(house)

      const before = mail.letters.length
      const browser = await ask(house, 'alice')
      assert.equal(browser.at, '/sign-in/email')
      const said = browser.text.replaceAll('alice', '')
      const { code } = await letter(mail, before)
      // Nobody of that name, and somebody whose address was never proved, see the same and get nothing.
      await api('POST', '/api/users', {
        organizationId: await homeOf(house),
        username: 'carol',
        email: 'carol@example.com',
      })
      for (const name of ['nobody', 'carol']) assert.equal((await ask(house, name)).text.replaceAll(name, ''), said)
      const events = (await api('GET', '/api/events?type=authentication.mail_code_asked')).body.items
      assert.deepEqual(events.map((one: { data: { sent: boolean } }) => one.data.sent).sort(), [false, false, true])
      assert.equal(mail.letters.length, before + 1)

      // Another browser cannot use the code, nor can whoever reads the database.
      const thief = await ask(house, 'nobody')
      await thief.submit('/sign-in/email', { code })
      assert.equal(thief.status, 401)
      await browser.submit('/sign-in/email', { code: `${code.slice(0, 4)} ${code.slice(4)}` })
      assert.equal(browser.at, '/account')
      const [session] = (await apiOf(server, browser)('GET', '/api/me/sessions')).body.items
      assert.deepEqual(session.amr, ['email'])
      assert.equal(session.acr, 'urn:gatehouse:acr:1')
      const kept = await server.storage.db.selectFrom('mail_codes').selectAll().execute()
      assert.ok(kept.every((one) => one.user_id === null))
      assert.ok(!JSON.stringify([(await api('GET', '/api/events?limit=200')).body, server.logged]).includes(code))

      const again = mail.letters.length
      const late = await ask(house, 'alice')
      const second = await letter(mail, again)
      clock.advanceMs(10 * 60_000)
      await late.submit('/sign-in/email', { code: second.code })
      assert.equal(late.status, 401)

      clock.advanceMs(20 * 60_000)
      const third = mail.letters.length
      const guesser = await ask(house, 'alice')
      const right = (await letter(mail, third)).code
      const wrong = right === '00000000' ? '11111111' : '00000000'
      for (let tries = 0; tries < 5; tries++) {
        clock.advanceMs(61_000)
        await guesser.submit('/sign-in/email', { code: wrong })
        assert.equal(guesser.status, 401)
      }
      clock.advanceMs(61_000)
      await guesser.submit('/sign-in/email', { code: right })
      assert.equal(guesser.status, 401, 'after five tries the right one comes too late')
    }),
)

onEachEngine(
  'the link of a letter signs in the browser that asked; opened by anything else it is not used up',
  (scratch) =>
    withMail(scratch, async (house, mail) => {
      const { server } = house
      await invited(house, mail, 'alice')
      await takeMail(house)
      const before = mail.letters.length
      const browser = await ask(house, 'alice')
      const { token } = await letter(mail, before)
      // A scanner opens the address, with the token where it should never be too, and another browser sends the form.
      assert.equal((await fetch(`${server.url}/sign-in/link`)).status, 200)
      assert.equal((await fetch(`${server.url}/sign-in/link?token=${token}`)).status, 200)
      const other = await new FormBrowser(server.url).open('/sign-in/link')
      await other.submit('/sign-in/link', { token })
      assert.equal(other.status, 409)
      assert.match(other.text, /Nothing has been used up/)
      const busy = await ask(house, 'nobody')
      await busy.open('/sign-in/link')
      await busy.submit('/sign-in/link', { token })
      assert.equal(busy.status, 401)

      await browser.open('/sign-in/link')
      await browser.submit('/sign-in/link', { token })
      assert.equal(browser.at, '/account')
      await browser.submit('/sign-out', {})
      await browser.open('/sign-in/link')
      await browser.submit('/sign-in/link', { token })
      assert.equal(browser.status, 409, 'used')
    }),
)

onEachEngine('as a second factor mail stands where there is no better one, and never for an administrator', (scratch) =>
  withMail(scratch, async (house, mail) => {
    const { server, api, clock } = house
    const alice = await invited(house, mail, 'alice')
    await takeMail(house, { secondFactor: 'everyone' })
    // Alone it would be the only thing between her letter box and what asks for two.
    const before = mail.letters.length
    await ask(house, 'alice')
    const browser = await new FormBrowser(server.url).signIn('alice')
    assert.equal(browser.at, '/sign-in/factor')
    await browser.submit('/sign-in/email/send', {})
    const { code } = await letter(mail, before)
    assert.equal(mail.letters.length, before + 1)
    await browser.submit('/sign-in/email', { code })
    assert.equal(browser.at, '/account')
    const [session] = (await apiOf(server, browser)('GET', '/api/me/sessions')).body.items
    assert.deepEqual([session.amr, session.acr], [['pwd', 'email', 'mfa'], 'urn:gatehouse:acr:2'])

    // Who has an app is not offered less.
    await browser.open('/account/totp')
    const secret = (/<code class="secret">([^<]*)</.exec(browser.page)?.[1] as string).replaceAll(' ', '')
    const app = () => new TOTP({ secret }).generate({ timestamp: clock.nowMs() })
    await browser.submit('/account/totp', { code: app() })
    const next = await new FormBrowser(server.url).signIn('alice')
    assert.equal(next.at, '/sign-in/factor')
    assert.doesNotMatch(next.text, /Send me a code/)

    // By mail alone the app is asked for as ever; and an administrator gets no letter, nor counts one that was.
    const first = await ask(house, 'alice')
    const one = await letter(mail, before + 1)
    await first.submit('/sign-in/email', { code: one.code })
    assert.equal(first.at, '/sign-in/factor')
    assert.equal((await apiOf(server, browser)('GET', '/api/me')).status, 200)
    const granted = await api('POST', '/api/grants', {
      ...{ role: 'auditor', principal: { type: 'User', id: alice }, why: 'test' },
      resource: { type: 'Organization', id: await homeOf(house) },
    })
    assert.equal(granted.status, 201)
    await until(async () => (await apiOf(server, browser)('GET', '/api/me')).status === 401)
    const asked = async () => (await api('GET', '/api/events?type=authentication.mail_code_asked')).body.items
    const count = (await asked()).length
    await ask(house, 'alice')
    await until(async () => (await asked()).length > count)
    assert.equal((await asked()).filter((it: { data: { sent: boolean } }) => it.data.sent).length, 2)
  }),
)
