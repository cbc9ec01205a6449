import assert from 'node:assert/strict'
import { acmeBundle, acmeFiles } from '../../test/support/acme.ts'
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

onEachEngine(
  'M9: a grant of a role that is kept for emergencies has an end, is an event, is counted, and is a ticket until it ends; others are none',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const files = acmeFiles()
      const { fingerprint } = (await api('POST', '/api/configuration/plan', { files })).body
      assert.equal((await api('POST', '/api/configuration/apply', { files, fingerprint })).status, 200)
      const acme = (await api('GET', '/api/organizations?name=acme')).body.items[0].id
      const application = (await api('GET', `/api/applications?organizationId=${acme}`)).body.items[0].id
      const alice = (await api('GET', `/api/users?organizationId=${acme}&username=alice`)).body.items[0].id
      const bundle = acmeBundle()
      const manifest = String(bundle['manifest.yaml']).replace('longest: 365d', 'longest: 365d, break_glass: true')
      const marked = { ...bundle, 'manifest.yaml': manifest }
      const put = await api('PUT', `/api/applications/${application}/policies`, { files: marked }, { 'if-match': '*' })
      assert.equal(put.status, 200, JSON.stringify(put.body))
      const grant = (role: string, untilMs?: number) =>
        api('POST', '/api/grants', {
          applicationId: application,
          role,
          principal: { type: 'User', id: alice },
          resource: { type: 'Folder', id: 'finance' },
          why: 'the plant is on fire',
          ...(untilMs !== undefined && { untilMs }),
        })
      const held = async () => /^authorization_break_glass_grants (\d+)$/m.exec(await server.meter.expose())?.[1]
      const tickets = async () =>
        (await api('GET', '/api/observability/alerts?state=open')).body.items.filter(
          ({ objective }: { objective: string }) => objective === 'break-glass-grants',
        )
      assert.equal((await grant('viewer')).status, 201)
      assert.equal((await grant('editor')).body.code, 'authorization.grant_end_required')
      await server.watch.look()
      assert.deepEqual([await held(), await tickets()], ['0', []])
      const made = await grant('editor', clock.nowMs() + 600_000)
      assert.equal(made.status, 201, JSON.stringify(made.body))
      assert.equal(await held(), '1')
      const events = async () => (await api('GET', '/api/events?type=authorization.break_glass_granted')).body.items
      await until(async () => (await events()).length === 1)
      const [event] = await events()
      assert.deepEqual(
        [event.object.id, event.data.role, event.data.principal.id, event.data.why],
        [made.body.id, 'editor', alice, 'the plant is on fire'],
      )
      clock.advanceMs(15_000)
      await server.watch.look()
      const [ticket, ...others] = await tickets()
      assert.deepEqual([ticket?.severity, ticket?.runbook, others], ['ticket', 'break-glass', []])
      clock.advanceMs(600_000)
      assert.equal(await held(), '0')
    }),
)
