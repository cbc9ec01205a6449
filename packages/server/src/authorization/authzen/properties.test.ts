import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { entity, inPdp } from '../../../test/support/pdp.ts'

const bundle = {
  schema: `entity team; entity user in [team] { role?: String, level?: Long };
    entity record { status?: String, owner?: String };
    action read, write appliesTo { principal: [user, User], resource: [record] };`,
  policies: `@id("stored") permit (principal is user, action == Action::"read", resource is record)
      when { resource has owner && resource.owner == "ann" && resource has status && resource.status == "open" };
    @id("role") permit (principal is user, action == Action::"write", resource is record)
      when { principal has role && principal.role == "admin" };
    @id("team") permit (principal in team::"t", action, resource is record);`,
  manifest: { suppliedAttributes: { record: ['status'] } },
}

onEachEngine(
  'properties overlay stored attributes for one request; none but the declared, never parents (default none)',
  (scratch) =>
    inPdp(scratch, bundle, async ({ post, push }) => {
      await push(entity('user', 'ann'), entity('record', 'r', { owner: 'ann', status: 'closed' }))
      const ask = async (name: string, subject: object = {}, resource: object = {}) =>
        (
          await post('/access/v1/evaluation', {
            subject: { type: 'user', id: 'ann', properties: subject },
            action: { name },
            resource: { type: 'record', id: 'r', properties: resource },
          })
        ).body.decision
      assert.equal(await ask('read'), false, 'as stored')
      assert.equal(await ask('read', {}, { status: 'open' }), true, 'status is supplied, owner stays as stored')
      assert.equal(await ask('read'), false, 'for that request only')
      assert.equal(await ask('read', {}, { status: 'open', owner: 'bob' }), true, 'what is not declared is ignored')
      assert.equal(await ask('read', {}, { status: null }), false, 'null supplies nothing')
      assert.equal(await ask('write', { role: 'admin' }), false, 'a type without a declaration takes none')
      for (const parents of [[{ type: 'team', id: 't' }], ['t']]) assert.equal(await ask('write', { parents }), false)
      // A resource that is nowhere stored has what is supplied, and nothing else.
      const unknown = { subject: { type: 'user', id: 'ann' }, action: { name: 'read' } }
      const nowhere = { type: 'record', id: 'new', properties: { status: 'open', owner: 'ann' } }
      assert.equal((await post('/access/v1/evaluation', { ...unknown, resource: nowhere })).body.decision, false)
    }),
)
