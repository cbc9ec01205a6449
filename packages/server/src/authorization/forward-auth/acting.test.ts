import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { atGateway } from '../../../test/support/gateway.ts'

const bundle = {
  schema: `entity Document;
    action read appliesTo { principal: [User], resource: [Document],
      context: { actor?: Machine, actors?: Set<Machine> } };`,
  policies: `@id("everybody-reads") permit (principal is User, action == Action::"read", resource is Document);
    @id("no-agents") forbid (principal, action, resource == Document::"diary") when { context has actor };`,
}

onEachEngine('policies see who acts for a person by a token, and the service is told (RFC 8693 4.1)', (scratch) =>
  atGateway(scratch, bundle, async ({ house, alice, ask }) => {
    const organization = { type: 'Organization', id: house.home }
    const machine = async (id: string, active: boolean) =>
      house.put({
        uid: { type: 'Machine', id },
        attrs: { name: id, active, owner: { __entity: alice }, organization: { __entity: organization } },
        parents: [organization],
      })
    const agent = await machine('machine_agent', true)
    const as = (token: string) => ({ authorization: `Bearer ${token}` })
    assert.equal((await ask('/documents/diary', as(`token-${alice.id}`))).statusCode, 200)
    const acted = await ask('/documents/diary', as(`token-${alice.id}.${agent.id}`))
    assert.equal(acted.statusCode, 403)
    assert.equal(acted.headers['gatehouse-reason'], 'no-agents')
    const other = await ask('/documents/plan', as(`token-${alice.id}.${agent.id}`))
    assert.equal(other.statusCode, 200)
    const claims = JSON.parse(
      Buffer.from(String(other.headers['gatehouse-identity']).split('.')[1] as string, 'base64url').toString(),
    )
    assert.deepEqual([claims.sub, claims.act], [alice.id, { sub: agent.id }])
    await machine('machine_agent', false)
    assert.equal((await ask('/documents/plan', as(`token-${alice.id}.${agent.id}`))).statusCode, 401)
    assert.equal((await ask('/documents/plan', as(`token-${alice.id}.nobody`))).statusCode, 401)
  }),
)
