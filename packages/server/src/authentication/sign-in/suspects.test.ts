import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { BrowserAt, behindProxy, FormBrowser, makeUser } from '../../../test/support/people.ts'
import { noteFailedTry } from './suspects.ts'

onEachEngine('one network that fails with 20 accounts is said once, again at 40, and closes to nobody', (scratch) =>
  inServer(scratch, async ({ server, api, clock }) => {
    await makeUser(api, 'alice')
    const home = (await api('GET', '/api/organizations')).body.items[0].id
    const act = { actor: { type: 'anonymous', name: 'test' }, requestId: 'test' } as const
    const note = (account: string, address: string) =>
      server.storage.transact((tx) =>
        noteFailedTry(tx, act, { account, organizationId: home, address, nowMs: clock.nowMs() }),
      )
    const said: number[] = []
    for (let index = 1; index <= 45; index++) {
      // The whole /64 is one customer; the same account again counts once.
      const kinds = await note(`somebody ${index}`, `2001:db8::${index.toString(16)}`)
      if (kinds.includes('stuffing')) said.push(index)
      assert.deepEqual(await note(`somebody ${index}`, `2001:db8::${index.toString(16)}`), [])
    }
    assert.deepEqual(said, [20, 40])
    const list = () => api('GET', '/api/events?type=authentication.stuffing_suspected')
    await until(async () => (await list()).body.items.length === 2)
    const { body } = await list()
    assert.deepEqual(body.items.map(({ data }: { data: { accounts: number } }) => data.accounts).sort(), [20, 40])
    assert.equal((await new FormBrowser(server.url).signIn('alice')).at, '/account')
  }),
)

onEachEngine(
  'spraying over many addresses is said of the organization at 100 accounts; what was typed is not kept',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const act = { actor: { type: 'anonymous', name: 'test' }, requestId: 'test' } as const
      const said: number[] = []
      for (let index = 1; index <= 100; index++) {
        const it = {
          account: `secret word ${index}`,
          organizationId: home,
          address: `192.0.2.${index}`,
          nowMs: clock.nowMs(),
        }
        if ((await server.storage.transact((tx) => noteFailedTry(tx, act, it))).length > 0) said.push(index)
      }
      assert.deepEqual(said, [100])
      const rows = await server.storage.db.selectFrom('sign_in_suspects').selectAll().execute()
      assert.equal(rows.length, 200)
      assert.ok(!JSON.stringify(rows).includes('secret word'))
      clock.advanceMs(16 * 60_000)
      await server.authentication.sweep()
      assert.deepEqual(await server.storage.db.selectFrom('sign_in_suspects').selectAll().execute(), [])
    }),
)

onEachEngine('failed sign-ins on the pages are counted by account, known or not', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    await makeUser(api, 'alice')
    for (let index = 1; index <= 20; index++) {
      const browser = await new FormBrowser(server.url).signIn(index === 1 ? 'alice' : `nobody${index}`, 'wrong')
      assert.equal(browser.status, 401)
    }
    await until(
      async () => (await api('GET', '/api/events?type=authentication.stuffing_suspected')).body.items.length === 1,
    )
    assert.match(
      await server.authentication.services.meter.expose(),
      /authentication_attacks_total\{kind="stuffing"\} 1/,
    )
  }),
)

onEachEngine('while an organization is attacked, strange addresses get fewer tries; its people none', (scratch) =>
  inServer(
    scratch,
    async ({ server, api, clock }) => {
      await makeUser(api, 'alice')
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const act = { actor: { type: 'anonymous', name: 'test' }, requestId: 'test' } as const
      const known = await new BrowserAt(server.url, '198.51.100.1').signIn('alice')
      assert.equal(known.at, '/account')
      const tries = async (address: string, count: number) => {
        let last = 0
        for (let index = 0; index < count; index++)
          last = (await new BrowserAt(server.url, address).signIn(`${address} ${index}`, 'wrong')).status
        return last
      }
      assert.equal(await tries('203.0.113.1', 7), 401)
      for (let index = 1; index <= 100; index++) {
        const it = { account: `a${index}`, organizationId: home, address: `192.0.2.${index}`, nowMs: clock.nowMs() }
        await server.storage.transact((tx) => noteFailedTry(tx, act, it))
      }
      assert.equal(await tries('203.0.113.2', 5), 401)
      assert.equal(await tries('203.0.113.2', 1), 429)
      // Where its people come from, and on browsers that they have used, all is as ever; elsewhere they still get in at once.
      assert.equal(await tries('198.51.100.1', 7), 401)
      assert.equal((await new BrowserAt(server.url, '203.0.113.3').signIn('alice')).at, '/account')
      known.moveTo('203.0.113.2')
      assert.equal((await known.signIn('alice', undefined, '?reauthenticate=1')).at, '/account')
      clock.advanceMs(16 * 60_000)
      assert.equal(await tries('203.0.113.4', 7), 401)
    },
    behindProxy,
  ),
)
