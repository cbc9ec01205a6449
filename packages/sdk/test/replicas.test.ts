import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalDecisions } from '@gatehouse/sdk'
import type { Act } from '../../server/src/kernel/index.ts'
import { engines } from '../../server/test/support/engines.ts'
import { inHouse, until } from './support/house.ts'

const question = (id: string) => ({
  subject: { type: 'user', id: 'alice' },
  action: { name: 'read' },
  resource: { type: 'document', id },
})

for (const engine of engines)
  test(`the list of replicas says who follows, how old that is, and how far their decisions have come in [${engine}]`, () =>
    inHouse(async (house) => {
      await house.grantReplica()
      const { api, applicationId } = house
      const list = async (query = '', actor?: Act['actor']) => {
        const { status, body } = await api.call('GET', `/api/replicas${query}`, undefined, actor && { actor })
        assert.equal(status, 200, JSON.stringify(body))
        return body.items
      }
      assert.deepEqual(await list(), [])
      const gatehouse = house.gatehouse({ revocations: false })
      const local = new LocalDecisions(gatehouse, { journal: { shipMs: 50 } })
      try {
        await local.ready()
        await until('it is listed', async () => (await list())[0]?.connected === true)
        const [before] = await list()
        assert.deepEqual(
          { applicationId: before.applicationId, principal: before.principal, journal: before.journal },
          {
            applicationId,
            principal: { type: 'Application', id: applicationId },
            journal: { sequence: 0, next: 1, watermarkMs: 0 },
          },
        )
        await until('it is fresh', async () => (await list())[0].stalenessMs < 1_500)
        const uid = { type: 'Document', id: 'plan' }
        const put = [{ uid, attrs: { title: 'plan', classification: 'open' }, parents: [] }]
        assert.ok((await api.call('POST', `/api/applications/${applicationId}/entities`, { put })).status < 300)
        await until('it is told', async () => (await list())[0].told > 0)
        for (const id of ['welcome', 'budget', 'plan']) await local.evaluate(question(id))
        await until('its decisions are in', async () => (await list())[0].journal.next === 4)
        const [{ journal }] = await list(`?applicationId=${applicationId}`)
        assert.ok(journal.sequence >= 1 && journal.watermarkMs > Date.now() - 60_000 && journal.lagMs >= 0)
      } finally {
        await local.close()
      }
      await until('it has gone', async () => (await list())[0].connected === false)
      const [after] = await list()
      assert.ok(Date.now() - after.lastSeenAtMs < 10_000)
      assert.equal(after.journal.next, 4, 'what came in is still told')

      // Two pages of one each; nobody's but the application's own where that is asked; nothing without the right.
      const unnamed = await gatehouse.openStream('/access/v1/replica?stream=by-hand-1', AbortSignal.timeout(5_000))
      await until('two are listed', async () => (await list()).length === 2)
      const first = await api.call('GET', '/api/replicas?limit=1')
      const second = await api.call('GET', `/api/replicas?limit=1&cursor=${first.body.next}`)
      assert.deepEqual([first.body.items[0].name, second.body.items[0].name].sort(), ['by-hand-1', after.name].sort())
      assert.equal(second.body.next, undefined)
      await unnamed.body?.cancel()
      assert.deepEqual(await list('?applicationId=app_00000000000000000000000000'), [])
      const alice = { type: 'user', id: await house.idOf('users', 'alice'), organizationId: house.organizationId }
      const actor = { ...alice, name: 'alice' } as Act['actor']
      const refused = await api.call('GET', '/api/replicas', undefined, { actor })
      assert.equal(refused.status, 403)
      assert.deepEqual(house.errors, [])
    }, engine))
