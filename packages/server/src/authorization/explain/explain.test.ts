import assert from 'node:assert/strict'
import { inAcme } from '../../../test/support/acme-house.ts'
import { onEachEngine } from '../../../test/support/engines.ts'

onEachEngine('explain names the change that alone turns the answer, and doing it does turn it', (scratch) =>
  inAcme(scratch, async ({ api, applicationId, idOf }) => {
    const bob = { type: 'User', id: await idOf('users', 'bob') }
    const ask = async (resource: string) => {
      const body = { applicationId, subject: bob, action: 'write', resource: { type: 'Document', id: resource } }
      return (await api.call('POST', '/api/decisions/explain', body)).body
    }
    const documents = (await api.call('GET', `/api/applications/${applicationId}/entities?type=Document`)).body.items
    const id = documents.find(
      (one: { attrs: { classification: string } }) => one.attrs.classification !== 'confidential',
    ).uid.id
    const before = await ask(id)
    assert.equal(before.decision, false)
    const turn = before.turns.find((one: { kind: string }) => one.kind === 'grant')
    assert.deepEqual([turn.principal, turn.resource], [bob, { type: 'Document', id }])
    // Asking changed nothing.
    assert.deepEqual(await ask(id), before)
    const grant = {
      role: turn.role,
      applicationId,
      principal: bob,
      resource: turn.resource,
      why: 'a test',
      untilMs: Date.now() + 3_600_000,
    }
    const granted = await api.call('POST', '/api/grants', grant)
    assert.equal(granted.status, 201, JSON.stringify(granted.body))
    const after = await ask(id)
    assert.equal(after.decision, true)
    assert.deepEqual(after.turns, [{ kind: 'revoke', grants: [granted.body.id] }])
    assert.equal(after.decided[0].role, turn.role)
    assert.equal((await api.call('DELETE', `/api/grants/${granted.body.id}`)).status, 204)
    assert.equal((await ask(id)).decision, false)
  }),
)

onEachEngine('explain asks Gatehouse’s own policies too; who may not ask is refused', (scratch) =>
  inAcme(scratch, async ({ api, idOf }) => {
    const bob = { type: 'User', id: await idOf('users', 'bob') }
    const resource = { type: 'User', id: bob.id }
    const own = await api.call('POST', '/api/decisions/explain', { subject: bob, action: 'suspendUser', resource })
    assert.equal(own.body.decision, false)
    assert.equal(own.body.turns[0].role, 'user-administrator', 'the role of least power first')
    const unknown = await api.call('POST', '/api/decisions/explain', { subject: bob, action: 'fly', resource })
    assert.equal(unknown.body.code, 'authorization.request_invalid')
    const user = (await api.call('GET', `/api/users/${bob.id}`)).body
    const actor = { type: 'user', id: user.id, organizationId: user.organizationId, name: 'bob' } as never
    const body = { subject: bob, action: 'suspendUser', resource }
    assert.equal((await api.call('POST', '/api/decisions/explain', body, { actor })).body.code, 'authorization.denied')
  }),
)

onEachEngine(
  'rights answers as the gate decides, in the order of the questions, and leaves no decision on record',
  (scratch) =>
    inAcme(scratch, async ({ api, idOf }) => {
      const id = await idOf('users', 'bob')
      const { organizationId } = (await api.call('GET', `/api/users/${id}`)).body
      const actor = { type: 'user', id, organizationId, name: 'bob' } as never
      const resource = { type: 'Organization', id: organizationId }
      await api.call('POST', '/api/grants', {
        role: 'user-administrator',
        principal: { type: 'User', id },
        resource,
        why: 'a test',
      })
      const questions = [
        { action: 'inviteUser', resource },
        { action: 'createApplication', resource },
        { action: 'no such action', resource },
        { action: 'inviteUser', resource: { type: 'Gatehouse::Deployment', id: 'gatehouse' } },
      ]
      const asked = await api.call(
        'POST',
        '/api/rights',
        { questions },
        { actor, headers: { 'x-request-id': 'rights-1' } },
      )
      assert.deepEqual(asked.body, { answers: [true, false, false, false] })
      assert.deepEqual((await api.call('GET', '/api/decisions?requestId=rights-1')).body.items, [])
      assert.equal((await api.call('POST', '/api/rights', { questions }, { actor: null })).status, 401)
    }),
)
