import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { withMail } from '../../../test/support/mail.ts'
import { type Api, FormBrowser, makeUser } from '../../../test/support/people.ts'

async function change(api: Api, path: string, body: object) {
  const { headers } = await api('GET', path)
  const answered = await api('PATCH', path, body, { 'if-match': headers.get('etag') as string })
  assert.equal(answered.status, 200, JSON.stringify(answered.body))
}
const tokenIn = (letter: string) => /http\S+\/account\/email#(\S+)/.exec(letter)?.[1] as string

onEachEngine(
  'a new address counts once its letter was opened, in the session that asked, and the old one is told',
  (scratch) =>
    withMail(scratch, async ({ server, api, clock }, mail) => {
      const id = await makeUser(api, 'alice')
      await makeUser(api, 'mallory')
      await change(api, `/api/users/${id}`, { email: 'alice@example.com' })
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const alice = await new FormBrowser(server.url).signIn('alice')

      await alice.open('/account/profile')
      assert.match(alice.text, /kept by an administrator/, 'off unless the organization lets people do it')
      const forced = await alice.post(
        `${server.url}/account/profile/email`,
        { email: 'x@example.com' },
        { origin: server.url },
      )
      assert.equal(forced.status, 403)
      await alice.open('/account/profile')
      await alice.submit('/account/profile/name', { name: 'Alice Liddell' })
      assert.match(alice.text, /Your profile is saved.*Alice Liddell/)

      await change(api, `/api/organizations/${home}`, { settings: { account: { editEmail: true } } })
      await until(async () => !(await alice.open('/account/profile')).text.includes('kept by an administrator'))
      await alice.submit('/account/profile/email', { email: 'nonsense' })
      assert.equal(alice.status, 400)
      assert.match(alice.text, /not an e-mail address/)
      await alice.open('/account/profile')
      await alice.submit('/account/profile/email', { email: 'Alice@New.example' })
      assert.match(alice.text, /on its way to Alice@New\.example/)
      await until(async () => mail.letters.length === 1)
      const [letter] = mail.letters as [string]
      assert.match(letter, /^To: Alice@new\.example/m)
      const token = tokenIn(letter)
      assert.equal((await api('GET', `/api/users/${id}`)).body.email, 'alice@example.com', 'nothing has changed yet')

      const mallory = await new FormBrowser(server.url).signIn('mallory')
      await mallory.open('/account/email')
      await mallory.submit('/account/email', { token })
      assert.equal(mallory.status, 410, 'whoever reads the letter on its way has nothing of it')

      await alice.open('/account/email')
      await alice.submit('/account/email', { token })
      assert.match(alice.text, /Your e-mail address is confirmed/)
      assert.equal((await api('GET', `/api/users/${id}`)).body.email, 'Alice@new.example')
      await until(async () => mail.letters.length === 2)
      assert.match(mail.letters[1] as string, /^To: alice@example\.com/m)
      assert.match(mail.letters[1] as string, /last letter to this address/)
      await alice.open('/account/email')
      await alice.submit('/account/email', { token })
      assert.equal(alice.status, 410, 'once')

      // An address changes only soon after its person proved who they are.
      clock.advanceMs(11 * 60_000)
      await alice.open('/account/profile')
      await alice.submit('/account/profile/email', { email: 'third@example.com' })
      assert.match(alice.at, /^\/sign-in\?.*reauthenticate=yes/)
    }),
)

onEachEngine(
  'an address that somebody else has is asked for alike and refused at its letter; strangers are not flooded',
  (scratch) =>
    withMail(scratch, async ({ server, api }, mail) => {
      const bob = await makeUser(api, 'bob')
      await change(api, `/api/users/${bob}`, { email: 'bob@example.com' })
      await makeUser(api, 'alice')
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      await change(api, `/api/organizations/${home}`, { settings: { account: { editEmail: true } } })
      const alice = await new FormBrowser(server.url).signIn('alice')
      for (let at = 0; at < 4; at++) {
        await alice.open('/account/profile')
        await alice.submit('/account/profile/email', { email: 'bob@example.com' })
        assert.equal(alice.status, at < 3 ? 200 : 429)
      }
      await until(async () => mail.letters.length === 3)
      await alice.open('/account/email')
      await alice.submit('/account/email', { token: tokenIn(mail.letters[0] as string) })
      assert.equal(alice.status, 409)
      assert.match(alice.text, /This address cannot be used/)
    }),
)
