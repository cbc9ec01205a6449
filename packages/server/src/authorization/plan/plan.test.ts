import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { entity, inPdp } from '../../../test/support/pdp.ts'

const bundle = {
  schema: `entity user { role?: String }; entity folder; entity record in [folder] { level: Long, tags: Set<String>, owner?: user };
    action read, write, list, tag, sum, below appliesTo { principal: [user, User], resource: [record] };`,
  policies: `@id("admin") permit (principal is user, action, resource) when { principal has role && principal.role == "admin" };
    @id("own") permit (principal is user, action == Action::"read", resource is record)
      when { resource has owner && resource.owner == principal && resource.level < 9223372036854775807 };
    @id("tagged") permit (principal is user, action == Action::"tag", resource is record) when { resource.tags.contains("a") };
    @id("sum") permit (principal is user, action == Action::"sum", resource is record) when { resource.level + 1 == 2 };
    @id("in") permit (principal is user, action == Action::"below", resource in folder::"f");
    @id("people") permit (principal is User, action == Action::"list", resource is record);`,
  manifest: { types: { doc: 'record' }, suppliedAttributes: { user: ['role'] } },
}
const ann = { type: 'user', id: 'ann' }
const sql = { dialect: 'postgresql', id: 'doc.id', attributes: { level: { column: 'doc.level', type: 'long' } } }
const owner = { column: 'doc.owner', type: 'entity', entityType: 'user', optional: true }
const asked = (name: string, more: object = {}) => ({
  subject: ann,
  action: { name },
  resource: { type: 'doc' },
  ...more,
})

onEachEngine('a plan is always, never or a condition; policies that no resource can meet are gone', (scratch) =>
  inPdp(scratch, bundle, async ({ house, post, push, application }) => {
    await push(entity('user', 'ann'))
    const plan = async (body: object) => {
      const answered = await post('/access/v1/plan', body)
      assert.equal(answered.status, 200, JSON.stringify(answered.body))
      return answered.body
    }
    assert.deepEqual(await plan(asked('write', { sql })), {
      access: 'never',
      permits: [],
      forbids: [],
      cedar: '',
      sql: { where: '(1 = 0 and not 1 = 0)', parameters: [] },
    })
    const admin = await plan(asked('write', { subject: { ...ann, properties: { role: 'admin' } } }))
    assert.deepEqual(admin, {
      access: 'always',
      permits: [{ policy: 'admin', conditions: [] }],
      forbids: [],
      cedar: '// admin\npermit when { true };',
    })
    const own = await plan(asked('read', { sql: { ...sql, attributes: { ...sql.attributes, owner } } }))
    assert.equal(own.access, 'conditional')
    assert.match(own.cedar, /resource has owner && resource.owner == user::"ann"/)
    assert.deepEqual(own.sql.parameters, ['ann'])
    assert.match(own.sql.where, /"doc"\."owner" = \$1/)
    assert.match(own.sql.where, /9223372036854775807/, 'integers are exact')
    const sets = { tags: { table: 'doc_tags', owner: 'doc_id', value: 'tag', type: 'string' } }
    for (const [dialect, text] of [
      [
        'postgresql',
        /exists \(select 1 as "one" from "doc_tags" where \("doc_tags"\."doc_id" = "doc"\."id" and "doc_tags"\."tag" = \$1\)\)/,
      ],
      ['sqlite', /"doc_tags"\."tag" = \?/],
      ['mysql', /cast\(`doc_tags`\.`tag` as binary\) = cast\(\? as binary\)/],
    ] as const)
      assert.match((await plan(asked('tag', { sql: { ...sql, dialect, sets } }))).sql.where, text)

    // Whom a decision would refuse whatever the resource: nobody, or of another organization, or of an application that is not active.
    const carol = await house.user()
    const person = (id: string) => asked('list', { subject: { type: 'User', id } })
    assert.equal((await plan(person(carol.id))).access, 'always')
    assert.equal((await plan(person('nobody'))).access, 'never')
    assert.equal((await plan(person((await house.user({ organizationId: house.other })).id))).access, 'never')
    assert.equal((await plan(asked('read', { subject: { type: 'no type', id: 'x' } }))).access, 'never')
    assert.equal((await plan(asked('read', { resource: { type: 'nothing' } }))).access, 'never')
    await house.user({ id: carol.id, active: false })
    assert.equal((await plan(person(carol.id))).access, 'never')
    const other = await house.application(house.other)
    const asOther = { 'x-test-actor': `Application ${other.id}`, 'gatehouse-application': application.id }
    assert.equal((await post('/access/v1/plan', asked('read'), asOther)).status, 403)
  }),
)

onEachEngine('what SQL cannot say, and a mapping that is none, are told with their place', (scratch) =>
  inPdp(scratch, bundle, async ({ post }) => {
    for (const [name, says] of [
      ['sum', /resource\.level \+ 1/],
      ['read', /resource has owner/],
      ['tag', /resource\.tags/],
      ['below', /resource/],
    ] as const) {
      const answered = await post('/access/v1/plan', asked(name, { sql }))
      assert.deepEqual([answered.status, answered.body.code], [422, 'authorization.plan_unsupported'], name)
      assert.match(answered.body.detail, says)
    }
    const bad: [object, RegExp][] = [
      [asked('read', { sql: 7 }), /sql must be an object/],
      [asked('read', { sql: { ...sql, dialect: 'oracle' } }), /sql\/dialect must be one of postgresql, mysql, sqlite/],
      [asked('read', { sql: { ...sql, dialect: '__proto__' } }), /sql\/dialect/],
      [asked('read', { sql: { ...sql, id: 'id"; drop table doc' } }), /sql\/id must be a name of SQL/],
      [asked('read', { sql: { ...sql, id: undefined } }), /sql\/id/],
      [asked('read', { sql: { ...sql, attributes: { a: { column: 'x y', type: 'long' } } } }), /attributes\/a\/column/],
      [asked('read', { sql: { ...sql, attributes: { a: { column: 'x', type: 'text' } } } }), /attributes\/a\/type/],
      [asked('read', { sql: { ...sql, attributes: { a: { column: 'x', type: 'entity' } } } }), /a\/entityType/],
      [asked('read', { sql: { ...sql, ancestors: { table: 't' } } }), /ancestors\/child/],
      [asked('read', { sql: { ...sql, sets: { tags: 'x' } } }), /sets\/tags must be an object/],
      [{ subject: ann, action: { name: 'read' } }, /resource is missing/],
      [{ ...asked('read'), subject: { type: 'user' } }, /subject\/id is missing/],
    ]
    for (const [body, says] of bad) {
      const answered = await post('/access/v1/plan', body)
      assert.equal(answered.status, 400, JSON.stringify(body))
      assert.match(answered.body.detail, says)
    }
  }),
)
