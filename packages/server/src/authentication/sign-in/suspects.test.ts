import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { FormBrowser, makeUser } from '../../../test/support/people.ts'
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
