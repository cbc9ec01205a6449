import assert from 'node:assert/strict'
import { onEachEngine } from '../../test/support/engines.ts'
import { inServer, until } from '../../test/support/house.ts'
import { FormBrowser, makeUser } from '../../test/support/people.ts'

onEachEngine(
  'M9: a sign-in to an account marked break_glass is an event, is counted, and opens a ticket; others are none',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const marked = await makeUser(api, 'emergency')
      await makeUser(api, 'alice')
      const changed = await api('PATCH', `/api/users/${marked}`, { attributes: { break_glass: 'true' } })
      assert.equal(changed.status, 200, JSON.stringify(changed.body))
      const uses = async () =>
        /^break_glass_uses_total\{kind="account"\} (\d+)$/m.exec(await server.meter.expose())?.[1]
      const tickets = async () =>
        (await api('GET', '/api/observability/alerts?state=open')).body.items.filter(
          ({ objective }: { objective: string }) => objective === 'break-glass',
        )
      assert.equal((await new FormBrowser(server.url).signIn('alice')).at, '/account')
      assert.equal((await new FormBrowser(server.url).signIn('emergency', 'wrong')).status, 401)
      await server.watch.look()
      assert.deepEqual([await uses(), await tickets()], ['0', []])
      assert.equal((await new FormBrowser(server.url).signIn('emergency')).at, '/account')
      assert.equal(await uses(), '1')
      await until(
        async () => (await api('GET', '/api/events?type=authentication.break_glass_used')).body.items.length === 1,
      )
      const [event] = (await api('GET', '/api/events?type=authentication.break_glass_used')).body.items
      assert.deepEqual([event.object.id, event.actor.id], [marked, marked])
      clock.advanceMs(15_000)
      await server.watch.look()
      const [ticket, ...others] = await tickets()
      assert.deepEqual([ticket.severity, ticket.runbook, others], ['ticket', 'break-glass', []])
    }),
)
