import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CedarError, Entities, entityFromJson, layered, PolicySet } from './index.ts'

const user = (id: string) => ({ type: 'User', id })
const doc = (id: string) => ({ type: 'Doc', id })
const read = { type: 'Action', id: 'read' }
const ask = (principal = user('ann'), resource = doc('d')) => ({ principal, action: read, resource })
const entity = (
  uid: { type: string; id: string },
  parents: { type: string; id: string }[] = [],
  attrs: object = {},
) => ({
  uid,
  attrs,
  parents,
})
const codeOf = (code: string) => (error: unknown) => error instanceof CedarError && error.code === code

test('authorize: a satisfied forbid decides over any permit, and reasons name what decided', () => {
  const policies = PolicySet.parse(
    'permit(principal, action, resource); forbid(principal, action, resource) when { resource.locked };',
  )
  const locked = Entities.fromJson([entity(doc('d'), [], { locked: true }), entity(doc('e'), [], { locked: false })])
  assert.deepEqual(policies.authorize(ask(), locked), { decision: 'deny', reasons: ['policy1'], errors: [] })
  const open = policies.authorize(ask(user('ann'), doc('e')), locked)
  assert.deepEqual(open, { decision: 'allow', reasons: ['policy0'], errors: [] })
})

test('authorize: an erring forbid is skipped and reported', () => {
  const policies = PolicySet.parse(
    'permit(principal, action, resource); forbid(principal, action, resource) when { resource.locked };',
  )
  const { decision, reasons, errors } = policies.authorize(ask(), Entities.fromJson([]))
  assert.deepEqual([decision, reasons], ['allow', ['policy0']])
  assert.match(errors[0]?.message ?? '', /policy1.*does not exist/)
  assert.equal(errors[0]?.policy, 'policy1')
})

test('link: a template decides for its links only, until they are unlinked', () => {
  const policies = PolicySet.parse('@id("reader") permit(principal in ?principal, action, resource == ?resource);', {
    ids: 'annotation',
  })
  const entities = Entities.fromJson([entity(user('ann'), [{ type: 'Group', id: 'g' }])])
  assert.equal(policies.authorize(ask(), entities).decision, 'deny')
  policies.link({ template: 'reader', id: 'l', principal: { type: 'Group', id: 'g' }, resource: doc('d') })
  assert.deepEqual(policies.authorize(ask(), entities).reasons, ['l'])
  assert.deepEqual({ ...policies.annotations('l') }, { id: 'reader' })
  assert.equal(policies.authorize(ask(user('ann'), doc('e')), entities).decision, 'deny')
  assert.equal(policies.unlink('l'), true)
  assert.equal(policies.unlink('l'), false)
  assert.equal(policies.authorize(ask(), entities).decision, 'deny')
})

test('link: wrong slots, an unknown template and an id in use are refused, and nothing is linked', () => {
  const policies = PolicySet.parse(
    'permit(principal == ?principal, action, resource); permit(principal, action, resource == ?resource);',
  )
  assert.throws(() => policies.link({ template: 'policy0', id: 'l' }), codeOf('link'))
  assert.throws(() => policies.link({ template: 'policy0', id: 'l', resource: doc('d') }), codeOf('link'))
  const both = { template: 'policy0', id: 'l', principal: user('ann'), resource: doc('d') }
  assert.throws(() => policies.link(both), codeOf('link'))
  assert.throws(() => policies.link({ template: 'none', id: 'l', principal: user('ann') }), codeOf('link'))
  assert.throws(() => policies.link({ template: 'policy0', id: 'policy1', principal: user('ann') }), codeOf('link'))
  assert.equal(policies.size, 0)
})

test('layered: ancestors are found across layers', () => {
  const directory = Entities.fromJson([entity(user('ann'), [{ type: 'Group', id: 'g' }])])
  const application = Entities.fromJson([entity(doc('d'), [user('ann')])])
  const policies = PolicySet.parse('permit(principal, action, resource in Group::"g");')
  assert.equal(policies.authorize(ask(), application).decision, 'deny')
  assert.equal(policies.authorize(ask(), layered(application, directory)).decision, 'allow')
  const own = entityFromJson(entity(doc('d'), [{ type: 'Group', id: 'g' }]))
  const view = { find: (type: string, id: string) => (type === 'Doc' && id === 'd' ? own : undefined) }
  assert.equal(policies.authorize(ask(), view).decision, 'allow')
})

test('parse: a syntax error is thrown with its line and column', () => {
  assert.throws(
    () =>
      PolicySet.parse(
        'permit(principal, action, resource);\n  permit(principal, action, resource) when { "é" + foo };',
      ),
    (error) => error instanceof CedarError && error.code === 'syntax' && error.line === 2 && error.column === 52,
  )
})

test('parse: integers keep their exact value over the whole i64 range', () => {
  const policies = PolicySet.parse(
    `permit(principal, action, resource) when { context.n == 9223372036854775807 };
     permit(principal, action, resource) when { context.n == -9223372036854775808 };
     permit(principal, action, resource) when { context.n == 9007199254740993 };`,
  )
  const reasons = (context: string) => policies.authorize({ ...ask(), context }, Entities.fromJson([])).reasons
  assert.deepEqual(reasons('{"n":9223372036854775807}'), ['policy0'])
  assert.deepEqual(reasons('{"n":-9223372036854775808}'), ['policy1'])
  assert.deepEqual(reasons('{"n":9007199254740993}'), ['policy2'])
  assert.deepEqual(reasons('{"n":9007199254740992}'), [])
  assert.throws(() => reasons('{"n":9223372036854775808}'), codeOf('json'))
})

test('fromJson(toJsonText): the set round-trips, templates, links and large integers included', () => {
  const policies = PolicySet.parse(
    'permit(principal == ?principal, action, resource); permit(principal, action, resource) when { 9007199254740993 == context.n };',
  )
  policies.link({ template: 'policy0', id: 'l', principal: user('ann') })
  const again = PolicySet.fromJson(policies.toJsonText())
  assert.equal(again.toJsonText(), policies.toJsonText())
  assert.deepEqual([...again.links()], [...policies.links()])
  assert.deepEqual(again.authorize(ask(), Entities.fromJson([])).reasons, ['l'])
})

test('validate: errors carry the policy and its place in the text', () => {
  const schema = 'entity User; entity Doc { name: String }; action read appliesTo { principal: User, resource: Doc };'
  const policies = PolicySet.parse(
    'permit(principal, action, resource);\npermit(principal, action, resource)\n  when { resource.nam == "x" };',
  )
  const { errors } = policies.validate(schema)
  assert.equal(errors.length, 1)
  assert.equal(errors[0]?.policy, 'policy1')
  assert.match(errors[0]?.message ?? '', /nam/)
  assert.deepEqual([errors[0]?.place?.line, errors[0]?.place?.column], [3, 10])
  assert.throws(() => policies.validate('entity User'), codeOf('schema'))
})
