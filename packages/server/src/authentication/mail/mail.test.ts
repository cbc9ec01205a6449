// Letters by a real SMTP server (smtp-server) in the test's process.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onEachEngine } from '../../../test/support/engines.ts'
import { type House, inServer, until } from '../../../test/support/house.ts'
import { withMail } from '../../../test/support/mail.ts'
import { FormBrowser, goodPassword } from '../../../test/support/people.ts'
import { writeLetter } from './letters.ts'

async function invited({ api }: House, email: string | undefined): Promise<string> {
  const home = (await api('GET', '/api/organizations')).body.items[0].id
  const user = { organizationId: home, username: 'alice', displayName: 'Alice', ...(email && { email }) }
  return (await api('POST', '/api/users', user)).body.id
}

onEachEngine(
  'an invitation by mail signs its reader in; whoever sent it never sees the link, nor does the database',
  (scratch) =>
    withMail(scratch, async (house, mail) => {
      const { api, server } = house
      const id = await invited(house, 'alice@example.com')
      const sent = await api('POST', `/api/users/${id}/invitation-mail`)
      assert.equal(sent.status, 202, JSON.stringify(sent.body))
      assert.deepEqual(Object.keys(sent.body).sort(), ['expiresAtMs', 'to'])
      await until(async () => mail.letters.length === 1)
      const letter = mail.letters[0] as string
      assert.match(letter, /^To: alice@example\.com/m)
      assert.match(letter, /^Auto-Submitted: auto-generated/m)
      const token = new RegExp(`${server.url}/invitation#(\\S+)`).exec(letter)?.[1] as string
      assert.equal((await api('POST', '/api/enrolments', { token, password: goodPassword })).status, 201)
      await until(async () => (await api('GET', '/api/events?type=authentication.letter_sent')).body.items.length === 1)
      const kept = await server.storage.db.selectFrom('mail_outbox').selectAll().execute()
      assert.deepEqual(kept, [])
      const events = (await api('GET', '/api/events?limit=200')).body
      assert.ok(!JSON.stringify([events, server.logged]).includes(token))
    }),
)

onEachEngine('a letter waits sealed while the server takes none, and is sent once it does', (scratch) =>
  withMail(scratch, async (house, mail) => {
    const { api, server, clock } = house
    mail.answer = 451
    const id = await invited(house, 'alice@example.com')
    await api('POST', `/api/users/${id}/invitation-mail`)
    const waiting = () => server.storage.db.selectFrom('mail_outbox').selectAll().execute()
    await until(async () => (await waiting())[0]?.attempts === 1)
    assert.ok(!Buffer.from((await waiting())[0]?.sealed as Uint8Array).includes('invitation'))
    mail.answer = 250
    clock.advanceMs(10_000)
    await until(async () => mail.letters.length === 1)
    await until(async () => (await waiting()).length === 0)
  }),
)

onEachEngine('a letter that the server will never take is given up at once, on record', (scratch) =>
  withMail(scratch, async (house, mail) => {
    const { api } = house
    mail.answer = 554
    const id = await invited(house, 'alice@example.com')
    await api('POST', `/api/users/${id}/invitation-mail`)
    const given = '/api/events?type=authentication.letter_undeliverable'
    await until(async () => (await api('GET', given)).body.items.length === 1)
    assert.equal((await api('GET', given)).body.items[0].outcome, 'failure')
  }),
)

onEachEngine('a sign-in with a browser that is not known is told by mail, the first one ever is not', (scratch) =>
  withMail(scratch, async (house, mail) => {
    const { api, server } = house
    const id = await invited(house, 'alice@example.com')
    const link = (await api('POST', `/api/users/${id}/invitation-link`)).body
    await api('POST', '/api/enrolments', { token: link.token, password: goodPassword })
    const known = await new FormBrowser(server.url).signIn('alice')
    assert.equal(known.at, '/account')
    const other = await new FormBrowser(server.url).signIn('alice')
    assert.equal(other.at, '/account')
    await until(async () => mail.letters.length >= 1)
    assert.equal(mail.letters.length, 1)
    assert.match(mail.letters[0] as string, /^Subject: A new sign-in to your account/m)
    assert.match(mail.letters[0] as string, /from 127\.0\.0\.1/)
  }),
)

onEachEngine('without an address, or without a mail server, the answer says what is missing', (scratch) =>
  inServer(scratch, async (house) => {
    const id = await invited(house, undefined)
    const refused = await house.api('POST', `/api/users/${id}/invitation-mail`)
    assert.equal(refused.status, 409)
    assert.equal(refused.body.code, 'authentication.mail_impossible')
  }),
)

test('what a value holds cannot break out of its line', () => {
  const address = 'Evil\r\nBcc: all@example.com\u202e'
  const values = { agent: undefined, address, atMs: 0, url: 'https://x' }
  const { text, subject } = writeLetter('new_device', 'A\nB', values)
  assert.match(text, /^Hello A B,$/m)
  assert.match(text, /^ {2}Unknown device, from Evil Bcc: all@example\.com , 1 January 1970, 00:00 UTC$/m)
  assert.equal(subject.includes('\n'), false)
})
