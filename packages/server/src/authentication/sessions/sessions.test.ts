import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { apiOf, FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'

const hourMs = 3_600_000

onEachEngine('a session ends when it is idle for eight hours, and after seven days however busy', (scratch) =>
  inServer(scratch, async ({ server, api, clock }) => {
    await makeUser(api, 'alice')
    const browser = await new FormBrowser(server.url).signIn('alice')
    const alive = async () => (await apiOf(server, browser)('GET', '/api/me')).status === 200
    clock.advanceMs(8 * hourMs - 1)
    assert.equal(await alive(), true)
    clock.advanceMs(8 * hourMs)
    assert.equal(await alive(), false)

    await browser.signIn('alice')
    for (let hours = 0; hours < 7 * 24; hours += 7) {
      assert.equal(await alive(), true, `${hours} h`)
      clock.advanceMs(7 * hourMs)
    }
    assert.equal(await alive(), false)
  }),
)

onEachEngine(
  'suspending, deactivating or deleting a user ends their sessions at once, and deleting erases their factors',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      for (const [name, method, path] of [
        ['alice', 'POST', '/suspend'],
        ['bob', 'POST', '/deactivate'],
        ['carol', 'DELETE', ''],
      ] as const) {
        const id = await makeUser(api, name)
        const browser = await new FormBrowser(server.url).signIn(name)
        const me = apiOf(server, browser)
        assert.equal((await me('GET', '/api/me')).status, 200)
        const moved = await api(method, `/api/users/${id}${path}`)
        assert.ok(moved.status < 300, JSON.stringify(moved.body))
        await until(async () => (await me('GET', '/api/me')).status === 401, 1_000)
        if (path !== '') {
          await api('POST', `/api/users/${id}/activate`)
          assert.equal((await me('GET', '/api/me')).status, 401, 'a session does not come back')
        }
      }
      const { storage } = server
      await until(async () => (await storage.db.selectFrom('passwords').selectAll().execute()).length === 2)
    }),
)

onEachEngine('suspending an organization ends the sessions of its people', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    const acme = (await api('POST', '/api/organizations', { name: 'acme' })).body
    await makeUser(api, 'dora', acme.id)
    const browser = await new FormBrowser(server.url).signIn('dora', goodPassword, '?organization=acme')
    assert.equal((await apiOf(server, browser)('GET', '/api/me')).status, 200)
    await api('POST', `/api/organizations/${acme.id}/suspend`)
    await until(async () => (await apiOf(server, browser)('GET', '/api/me')).status === 401, 1_000)
  }),
)

onEachEngine(
  'a person sees and ends their own sessions; an administrator those of others; both are on record',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      const alice = await makeUser(api, 'alice')
      await makeUser(api, 'bob')
      const [one, two, three] = (await Promise.all(
        [1, 2, 3].map(() => new FormBrowser(server.url).signIn('alice')),
      )) as [FormBrowser, FormBrowser, FormBrowser]
      const mine = apiOf(server, one)
      const { items } = (await mine('GET', '/api/me/sessions')).body
      assert.equal(items.length, 3)
      assert.equal(items.filter((each: { current: boolean }) => each.current).length, 1)
      const other = items.find((each: { current: boolean }) => !each.current)

      const bob = apiOf(server, await new FormBrowser(server.url).signIn('bob'))
      assert.equal((await bob('DELETE', `/api/me/sessions/${other.id}`)).status, 404)
      assert.equal((await bob('GET', `/api/users/${alice}/sessions`)).status, 403)
      assert.equal((await bob('DELETE', `/api/users/${alice}/sessions`)).status, 403)

      assert.equal((await mine('DELETE', `/api/me/sessions/${other.id}`)).status, 204)
      assert.equal((await mine('DELETE', `/api/me/sessions/${other.id}`)).status, 404)
      const dead = await Promise.all(
        [two, three].map(async (each) => (await apiOf(server, each)('GET', '/api/me')).status),
      )
      assert.deepEqual(dead.sort(), [200, 401])

      assert.deepEqual((await api('DELETE', `/api/users/${alice}/sessions`)).body, { ended: 2 })
      assert.equal((await mine('GET', '/api/me')).status, 401)
      const { items: events } = (await api('GET', '/api/events?type=authentication.sessions_ended')).body
      assert.equal(events.at(-1).data.count, 2)
    }),
)

onEachEngine('signing out needs the form, not a link, and ends the session on the server', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    await makeUser(api, 'alice')
    const browser = await new FormBrowser(server.url).signIn('alice')
    const token = browser.cookie('gatehouse-session') as string
    await browser.open('/sign-out')
    assert.match(browser.text, /Sign out\?/)
    assert.equal((await apiOf(server, browser)('GET', '/api/me')).status, 200)
    await browser.submit('/sign-out', {})
    assert.match(browser.text, /You are signed out/)
    assert.equal(browser.cookie('gatehouse-session'), undefined)
    browser.set(`gatehouse-session=${token}`)
    assert.equal((await apiOf(server, browser)('GET', '/api/me')).status, 401)
  }),
)

onEachEngine('a change with a session cookie that another site could have caused is refused', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    await makeUser(api, 'alice')
    const browser = await new FormBrowser(server.url).signIn('alice')
    const { items } = (await apiOf(server, browser)('GET', '/api/me/sessions')).body
    const cookie = `gatehouse-session=${browser.cookie('gatehouse-session')}`
    for (const headers of [
      { cookie },
      { cookie, origin: 'https://evil.example' },
      { cookie, origin: server.url, 'sec-fetch-site': 'cross-site' },
    ]) {
      const answer = await fetch(`${server.url}/api/me/sessions/${items[0].id}`, { method: 'DELETE', headers })
      assert.equal(answer.status, 403)
    }
  }),
)

onEachEngine('a new password ends every other session', (scratch) =>
  inServer(scratch, async ({ server, api, clock }) => {
    await makeUser(api, 'alice')
    const one = await new FormBrowser(server.url).signIn('alice')
    const two = await new FormBrowser(server.url).signIn('alice')
    await one.open('/account/password')
    await one.submit('/account/password', { password: 'password1234', again: 'password1234' })
    assert.equal(one.status, 422)
    const password = 'seven quiet otters juggle'
    await one.submit('/account/password', { password, again: password })
    assert.equal(one.at, '/account?done=password')
    assert.equal((await apiOf(server, two)('GET', '/api/me')).status, 401)
    assert.equal((await new FormBrowser(server.url).signIn('alice')).status, 401)
    assert.equal((await new FormBrowser(server.url).signIn('alice', password)).at, '/account')
    clock.advanceMs(11 * 60_000)
    await one.open('/account/password')
    assert.match(one.at, /^\/sign-in\?return_to=%2Faccount%2Fpassword&reauthenticate=yes$/)
  }),
)

onEachEngine('expired rows are swept by ranges of time', (scratch) =>
  inServer(scratch, async ({ server, api, clock }) => {
    await makeUser(api, 'alice')
    await new FormBrowser(server.url).signIn('alice')
    await (await new FormBrowser(server.url).open('/sign-in')).submit('/sign-in', { login: 'alice' })
    clock.advanceMs(200 * 24 * hourMs)
    await server.authentication.sweep()
    for (const table of [
      'sessions',
      'sign_in_attempts',
      'sign_in_throttles',
      'known_devices',
      'one_time_links',
    ] as const)
      assert.deepEqual(await server.storage.db.selectFrom(table).selectAll().execute(), [], table)
  }),
)
