import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { withMail } from '../../../test/support/mail.ts'
import { apiOf, FormBrowser, makeUser } from '../../../test/support/people.ts'
import { closeAccount } from './close-account.ts'

onEachEngine(
  'my data is all that is kept about me, without what could sign anybody in, and reading it is an event',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const id = await makeUser(api, 'alice')
      const alice = await new FormBrowser(server.url).signIn('alice')
      await alice.open('/account')
      await alice.submit('/account/recovery-codes', {})
      const codes = [...alice.page.matchAll(/<li>([0-9a-z-]{19})<\/li>/g)].map(([, code]) => code as string)
      assert.equal(codes.length, 10)
      const sent = await alice.get(`${server.url}/account/data.json`)
      assert.equal(sent.status, 200)
      assert.match(sent.headers.get('content-disposition') ?? '', /^attachment/)
      const text = await sent.text()
      const data = JSON.parse(text)
      assert.equal(data.profile.id, id)
      assert.equal(data.profile.displayName, 'The alice')
      assert.equal(data.factors.recoveryCodesLeft, 10)
      assert.ok(data.factors.password.setAt)
      assert.equal(data.sessions.length, 1)
      assert.deepEqual(data.applications, [])
      const types = data.events.items.map((event: { type: string }) => event.type)
      for (const type of ['directory.user_invited', 'authentication.signed_in', 'authentication.recovery_codes_made'])
        assert.ok(types.includes(type), `${type} is not in ${types}`)
      const invited = data.events.items.find((event: { type: string }) => event.type === 'directory.user_invited')
      assert.notEqual(invited.by, 'you')
      assert.equal(invited.address, undefined, 'where the administrator was is theirs')
      const signedIn = data.events.items.find((event: { type: string }) => event.type === 'authentication.signed_in')
      assert.equal(signedIn.by, 'you')
      assert.ok(signedIn.address)
      assert.doesNotMatch(text, /argon2|sealed|hash/i)
      for (const code of codes) assert.ok(!text.includes(code))
      const exported = async () => (await api('GET', '/api/events?type=authentication.data_exported')).body.items
      await until(async () => (await exported()).length > 0)
      assert.equal((await exported())[0].object.id, id)

      clock.advanceMs(11 * 60_000)
      await alice.open('/account/data.json')
      assert.match(alice.at, /reauthenticate=yes/, 'only soon after a proof of who it is')
      assert.equal((await new FormBrowser(server.url).open('/account/data.json')).at.startsWith('/sign-in'), true)
    }),
)

onEachEngine(
  'who closes their account is out everywhere at once, with nothing to come back by, and hears of it',
  (scratch) =>
    withMail(scratch, async ({ server, api }, mail) => {
      const id = await makeUser(api, 'alice')
      const { headers } = await api('GET', `/api/users/${id}`)
      await api(
        'PATCH',
        `/api/users/${id}`,
        { email: 'alice@example.com' },
        { 'if-match': headers.get('etag') as string },
      )
      const alice = await new FormBrowser(server.url).signIn('alice')
      const other = await new FormBrowser(server.url).signIn('alice')
      await until(async () => mail.letters.length === 1)
      await alice.open('/account/close')
      const forged = await alice.post(`${server.url}/account/close`, { username: 'alice' }, { origin: server.url })
      assert.equal(forged.status, 403)
      await alice.open('/account/close')
      await alice.submit('/account/close', { username: 'bob' })
      assert.equal(alice.status, 422)
      assert.match(alice.text, /not your user name/)
      assert.equal((await api('GET', `/api/users/${id}`)).body.state, 'active')
      await alice.submit('/account/close', { username: 'alice' })
      assert.match(alice.text, /Your account is closed/)
      assert.equal((await api('GET', `/api/users/${id}`)).body.state, 'deactivated')
      assert.equal((await apiOf(server, other)('GET', '/api/me')).status, 401)
      assert.equal((await new FormBrowser(server.url).signIn('alice')).status, 401)
      const factors = (await api('GET', `/api/users/${id}/factors`)).body
      assert.deepEqual([factors.passwordSetAtMs, factors.passkeys, factors.recoveryCodesLeft], [undefined, [], 0])
      await until(async () => mail.letters.some((letter) => /^Subject: Your account was closed/m.test(letter)))
      // The way to erasure: who has left is deleted by an administrator, as ever.
      assert.equal((await api('DELETE', `/api/users/${id}`)).status, 204)
    }),
)

onEachEngine('the last owner cannot close their account, nor anybody where the organization keeps them', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    const home = (await api('GET', '/api/organizations')).body.items[0].id
    const id = await makeUser(api, 'bob')
    const bob = await new FormBrowser(server.url).signIn('bob')
    const { services } = server.authentication
    const person = await services.people.find(services.storage.db, id as never)
    assert.ok(person)
    const owner = {
      actor: { type: 'user', id: person.id, organizationId: person.organizationId, name: 'bob' },
    } as const
    const act = { ...owner, requestId: 'req-test' }
    await services.storage.transact((tx) => services.administrators.makeOwner(tx, act, person.id))
    const resident = { person, act, token: '', session: undefined as never }
    await assert.rejects(closeAccount(services, resident), { code: 'authorization.last_owner' })
    assert.equal((await api('GET', `/api/users/${id}`)).body.state, 'active')

    const { headers } = await api('GET', `/api/organizations/${home}`)
    const etag = headers.get('etag') as string
    await api('PATCH', `/api/organizations/${home}`, { settings: { account: { close: false } } }, { 'if-match': etag })
    await until(async () => !(await bob.open('/account')).page.includes('/account/close'))
    assert.equal((await bob.open('/account/close')).at, '/account')
  }),
)
