import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { type Api, apiOf, FormBrowser, goodPassword, makeUser } from '../../../test/support/people.ts'

const dayMs = 24 * 3_600_000

async function invite(api: Api, username: string) {
  const home = (await api('GET', '/api/organizations')).body.items[0].id
  const { body: user } = await api('POST', '/api/users', { organizationId: home, username })
  const { body: link } = await api('POST', `/api/users/${user.id}/invitation-link`)
  return { user, link }
}

onEachEngine('an invitation works once, for a week, and a newer one voids it', (scratch) =>
  inServer(scratch, async ({ server, api, clock }) => {
    const redeem = (token: string) => api('POST', '/api/enrolments', { token, password: goodPassword })
    const { user, link } = await invite(api, 'alice')
    assert.equal(link.url, `${server.url}/invitation#${link.token}`)
    const newer = (await api('POST', `/api/users/${user.id}/invitation-link`)).body
    assert.equal((await redeem(link.token)).status, 410)
    const weak = await api('POST', '/api/enrolments', { token: newer.token, password: 'password123' })
    assert.equal(weak.status, 422)
    assert.match(weak.body.detail, /guess|common/)
    assert.equal((await redeem(newer.token)).status, 201)
    assert.equal((await redeem(newer.token)).status, 410)
    assert.equal((await api('GET', `/api/users/${user.id}`)).body.state, 'active')
    assert.equal((await api('POST', `/api/users/${user.id}/invitation-link`)).status, 409)

    const late = await invite(api, 'bob')
    clock.advanceMs(7 * dayMs)
    assert.equal((await redeem(late.link.token)).status, 410)
  }),
)

onEachEngine(
  'the pages take the link too: token, password, signed in; its token is nowhere in the database or the record',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      const { link } = await invite(api, 'alice')
      const browser = await new FormBrowser(server.url).open('/invitation')
      await browser.submit('/invitation', { token: link.token })
      assert.equal(browser.at, '/enrol')
      await browser.open('/enrol/password')
      await browser.submit('/enrol/password', { password: goodPassword, again: goodPassword })
      assert.equal(browser.at, '/account')
      const again = await new FormBrowser(server.url).open('/invitation')
      await again.submit('/invitation', { token: link.token })
      assert.equal(again.status, 410)
      const rows = await server.storage.db.selectFrom('one_time_links').selectAll().execute()
      const events = (await api('GET', '/api/events?limit=200')).body
      assert.ok(!JSON.stringify([rows, events]).includes(link.token))
      assert.ok(!JSON.stringify(server.logged).includes(link.token))
    }),
)

onEachEngine(
  'a link of one kind does not open the page of another, and a link of somebody barred opens nothing',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      const { user, link } = await invite(api, 'alice')
      const browser = await new FormBrowser(server.url).open('/setup')
      await browser.submit('/setup', { token: link.token })
      assert.equal(browser.status, 410)
      await api('POST', `/api/users/${user.id}/deactivate`)
      await browser.open('/invitation')
      await browser.submit('/invitation', { token: link.token })
      assert.equal(browser.status, 410)
    }),
)

onEachEngine('resetting takes every factor and session away and lets enrol again by a link', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    const id = await makeUser(api, 'alice')
    const browser = await new FormBrowser(server.url).signIn('alice')
    const reset = await api('POST', `/api/users/${id}/reset-factors`)
    assert.equal(reset.status, 201)
    assert.equal((await apiOf(server, browser)('GET', '/api/me')).status, 401)
    assert.equal((await new FormBrowser(server.url).signIn('alice')).status, 401)
    const password = 'seven quiet otters juggle'
    assert.equal((await api('POST', '/api/enrolments', { token: reset.body.token, password })).status, 201)
    assert.equal((await new FormBrowser(server.url).signIn('alice', password)).at, '/account')
    let items: { data: unknown }[] = []
    await until(async () => {
      items = (await api('GET', '/api/events?type=authentication.factors_reset')).body.items
      return items.length > 0
    })
    assert.deepEqual(items[0]?.data, { passwords: 1, totp: 0, passkeys: 0, recoveryCodes: 0, identities: 0 })
  }),
)

onEachEngine(
  'nobody resets somebody with a role they could not have granted: it would make them that person',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      const owner = await makeUser(api, 'owner')
      const helper = await makeUser(api, 'helper')
      const resource = { type: 'Gatehouse::Deployment', id: 'gatehouse' }
      await api('POST', '/api/grants', { role: 'owner', principal: { type: 'User', id: owner }, resource, why: 'test' })
      const granted = await api('POST', '/api/grants', {
        role: 'user-administrator',
        principal: { type: 'User', id: helper },
        resource,
        why: 'test',
      })
      assert.equal(granted.status, 201)
      const { administrators } = server.authentication.services
      const act = {
        actor: { type: 'user', id: helper, organizationId: 'org_x', name: 'helper' },
        requestId: 'test',
      } as unknown as Parameters<typeof administrators.refuseWider>[0]
      const settled = await api('GET', `/api/users/${owner}`)
      assert.equal(settled.status, 200)
      await server.authorization.snapshot.waitFor(granted.headers.get('consistency-token') as never, 5_000)
      assert.throws(() => administrators.refuseWider(act, owner as never), { code: 'authorization.grant_too_wide' })
      const redeemed = await api('POST', `/api/users/${owner}/reset-factors`)
      assert.equal(redeemed.status, 201, 'the local administrator may')
      const weak = await api('POST', '/api/enrolments', { token: redeemed.body.token, password: goodPassword })
      assert.equal(weak.body.code, 'authentication.second_factor_needed')
    }),
)
