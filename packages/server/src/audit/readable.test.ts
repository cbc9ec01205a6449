import assert from 'node:assert/strict'
import { operator, startApi } from '../../test/support/api.ts'
import { onEachEngine } from '../../test/support/engines.ts'
import { until } from '../../test/support/house.ts'

onEachEngine(
  'an entry says who did what, to what by name and id, from what to what, in which trace and session, for whom, from which address and device, under which policies',
  async (scratch) => {
    const api = await startApi(scratch)
    try {
      const organization = (await api.call('GET', '/api/organizations')).body.items[0].id
      const made = await api.call('POST', '/api/groups', { name: 'builders', organizationId: organization })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
      const headers = {
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
        'user-agent': 'Example/1.0 \u00a0(rtl)',
        'x-request-id': 'rename-1',
      }
      const renamed = await api.call('PATCH', `/api/groups/${made.body.id}`, { name: 'masons' }, { headers })
      assert.equal(renamed.status, 200, JSON.stringify(renamed.body))
      const events = async () => (await api.call('GET', '/api/events?requestId=rename-1')).body.items
      await until(async () => (await events()).length === 1)
      const [event] = await events()
      const entry = () => api.call('GET', `/api/audit/entries/${event.position}`)
      await until(async () => (await entry()).status === 200)
      const body = JSON.parse((await entry()).body.body)
      assert.deepEqual(body.changes, { name: { from: 'builders', to: 'masons' } })
      assert.deepEqual(body.object, { id: made.body.id, name: 'masons', type: 'Group' })
      assert.deepEqual(body.actor, { name: 'local', type: 'bootstrap' })
      assert.equal(body.requestId, 'rename-1')
      assert.equal(body.organizationId, organization)
      assert.equal(body.context.traceId, traceId)
      assert.equal(body.context.device, headers['user-agent'])
      assert.match(body.context.bundle, /^[0-9a-f]{64}$/)
      assert.equal(body.address, '127.0.0.1')
      assert.deepEqual(event.context, body.context)
      // Who acts by a session, through an application that carries their token.
      const through = { type: 'Application', id: 'app_1', name: 'Docs' }
      api.web.identifyBy((request) =>
        request.headers.authorization === undefined
          ? undefined
          : { actor: operator, via: 'bearer', sessionId: 'session_1', through },
      )
      await api.call(
        'PATCH',
        `/api/groups/${made.body.id}`,
        { name: 'carriers' },
        { headers: { authorization: 'x', 'x-request-id': 'carried-1' }, actor: null },
      )
      const carried = async () => (await api.call('GET', '/api/events?requestId=carried-1')).body.items
      await until(async () => (await carried()).length === 1)
      const [{ sessionId, context }] = await carried()
      assert.deepEqual([sessionId, context.through], ['session_1', through])
      // A trace of zeros is none (W3C Trace Context 3.2.2.3); neither is anything that is no traceparent.
      for (const traceparent of [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, 'x', `00-${traceId}`]) {
        const headers = { traceparent, 'x-request-id': `odd-${traceparent.length}` }
        await api.call('PATCH', `/api/groups/${made.body.id}`, { name: `g${traceparent.length}` }, { headers })
        const odd = async () => (await api.call('GET', `/api/events?requestId=${headers['x-request-id']}`)).body.items
        await until(async () => (await odd()).length === 1)
        assert.equal((await odd())[0].context.traceId, undefined)
      }
    } finally {
      await api.close()
    }
  },
)
