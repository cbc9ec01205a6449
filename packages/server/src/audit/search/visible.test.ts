import assert from 'node:assert/strict'
import { startApi } from '../../../test/support/api.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'

onEachEngine(
  'search and export over HTTP: a tenant finds its own and nobody else’s; a backup holds no index',
  async (scratch) => {
    const api = await startApi(scratch)
    try {
      const make = async (name: string) => {
        const { id } = (await api.call('POST', '/api/organizations', { name })).body
        await api.call('POST', '/api/groups', { organizationId: id, name: `secret-${name}` })
        const auditor = (
          await api.call('POST', '/api/applications', { organizationId: id, name: `auditor-${name}`, kind: 'web' })
        ).body
        assert.match(String(auditor.id), /^app_/, JSON.stringify(auditor))
        return { id, auditor }
      }
      const [one, two] = [await make('one'), await make('two')]
      const grant = {
        principal: { type: 'Application', id: one.auditor.id },
        role: 'auditor',
        resource: { type: 'Organization', id: one.id },
        why: 'test',
      }
      const granted = await api.call('POST', '/api/grants', grant)
      assert.equal(granted.status, 201, JSON.stringify(granted.body))
      const actor = { type: 'application', id: one.auditor.id, organizationId: one.id, name: 'auditor-one' } as never
      const newest = (await api.call('GET', '/api/events?limit=1')).body.items[0].position
      await until(async () => (await api.call('GET', '/api/audit/search?limit=1')).body.items[0]?.position >= newest)
      const own = await api.call('GET', `/api/audit/search?organization=${one.id}&text=secret*`, undefined, { actor })
      assert.equal(own.status, 200, JSON.stringify(own.body))
      assert.deepEqual(
        own.body.items.map((event: { object: { name: string } }) => event.object.name),
        ['secret-one'],
      )
      for (const path of ['search', 'export'])
        for (const query of ['', `?organization=${two.id}`, '?text=secret-two'])
          assert.equal(
            (await api.call('GET', `/api/audit/${path}${query}`, undefined, { actor })).status,
            403,
            path + query,
          )
      const csv = await fetch(`${api.url}/api/audit/export?format=csv&action=directory.group_created`, {
        headers: { 'x-test-actor': 'bootstrap:local' },
      })
      assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/)
      assert.equal((await csv.text()).trimEnd().split('\r\n').length, 3)
      const page = await api.call('GET', '/api/audit/search?limit=2')
      const next = await api.call('GET', `/api/audit/search?limit=2&cursor=${page.body.next}`)
      assert.equal(next.body.items[0].position, page.body.items[1].position - 1)
      assert.equal((await api.call('GET', '/api/audit/search?cursor=x')).status, 400)
      const tables = new Set<string>()
      const { auditViews } = await import('./index.store.ts')
      for await (const batch of api.storage.snapshot(auditViews)) tables.add(batch.table)
      assert.deepEqual(
        [...tables].filter((name) => /^audit_(words|index|minutes)/.test(name)),
        [],
      )
    } finally {
      await api.close()
    }
  },
)
