import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { inKeyHouse } from '../../../test/support/key-house.ts'
import { FormBrowser, makeUser } from '../../../test/support/people.ts'

onEachEngine(
  'a session is revoked by its id, an API key by its text; nobody revokes what is above or beside them',
  (scratch) =>
    inKeyHouse(scratch, async ({ api, asAlice, alice, ask, call, docs, home, machine, server }) => {
      const bob = await makeUser(api, 'bob')
      const revoke = (as: typeof api, kind: string, id: string) =>
        as('POST', '/api/revocations', { kind, id, reason: 'a laptop was lost' })
      for (const [kind, id] of [
        ['user', bob],
        ['application', docs],
        ['organization', home],
      ] as const)
        assert.equal((await revoke(asAlice, kind, id)).status, 403, kind)
      assert.equal((await revoke(asAlice, 'user', alice)).status, 200, 'one’s own')
      assert.equal((await revoke(asAlice, 'machine', machine)).status, 200, 'and of a machine that one answers for')

      const browser = await new FormBrowser(server.url).signIn('bob')
      const [session] = (await api('GET', `/api/users/${bob}/sessions`)).body.items
      assert.equal((await revoke(asAlice, 'session', session.id)).status, 403)
      assert.equal((await revoke(api, 'session', session.id)).status, 200)
      await browser.open('/account')
      assert.match(browser.at, /^\/sign-in/)
      const [ended] = (await api('GET', '/api/events?type=authentication.session_ended')).body.items
      assert.equal(ended.data.reason, 'a laptop was lost')
      await until(async () =>
        [...server.tokens.revocations.all()].some(({ kind, id }) => kind === 'session' && id === session.id),
      )

      const made = await api('POST', '/api/api-keys', { owner: machine, name: 'k', applications: [docs] })
      const { secret } = made.body
      const views = await api('POST', '/api/api-keys', {
        owner: machine,
        name: 'v',
        applications: ['gatehouse'],
        scopes: ['viewMachine'],
      })
      const limited = await call(views.body.secret, 'POST', '/api/revocations', {
        kind: 'machine',
        id: machine,
        reason: 'x',
      })
      assert.equal(limited.status, 403, 'a key that is for something else revokes nothing')
      assert.equal((await ask(secret)).status, 200)
      assert.equal((await revoke(api, 'token', secret)).body.ended, 1)
      await until(async () => (await ask(secret)).status === 401)

      // An owner's tokens are an owner's matter: else whoever administers users could sign an owner out of everything.
      const grant = (id: string, role: string, resource: object) =>
        api('POST', '/api/grants', { role, principal: { type: 'User', id }, resource, why: 'a test' })
      assert.equal((await grant(bob, 'owner', { type: 'Organization', id: home })).status, 201)
      assert.equal((await grant(machine, 'user-administrator', { type: 'Organization', id: home })).status >= 400, true)
      const robot = await api('POST', '/api/grants', {
        role: 'user-administrator',
        principal: { type: 'Machine', id: machine },
        resource: { type: 'Organization', id: home },
        why: 'a test',
      })
      assert.equal(robot.status, 201)
      const admin = await api('POST', '/api/api-keys', {
        owner: machine,
        name: 'a',
        applications: ['gatehouse'],
        scopes: ['revokeTokens'],
      })
      const asRobot = (id: string) =>
        call(admin.body.secret, 'POST', '/api/revocations', { kind: 'user', id, reason: 'x' })
      assert.equal((await asRobot(alice)).status, 200)
      assert.equal((await asRobot(bob)).code, 'authorization.above_you')
    }),
)
