import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeCase } from '../test/generate.ts'
import { Tape } from '../test/tape.ts'
import { CedarError, Entities, PolicySet } from './index.ts'

const user = { type: 'User', id: 'ann' }
const doc = { type: 'Doc', id: 'd' }
const entities = Entities.fromJson([
  {
    uid: user,
    attrs: { level: 2, team: { __entity: { type: 'Team', id: 't' } } },
    parents: [{ type: 'Group', id: 'a' }],
  },
  { uid: { type: 'Group', id: 'a' }, attrs: {}, parents: [{ type: 'Group', id: 'b' }] },
  { uid: { type: 'Group', id: 'b' }, attrs: {}, parents: [{ type: 'Group', id: 'all' }] },
  { uid: doc, attrs: { owner: { __entity: { type: 'User', id: 'bob' } }, need: 3 }, parents: [] },
])
const ask = (action = 'read', context = {}) => ({
  principal: user,
  action: { type: 'Action', id: action },
  resource: doc,
  context,
})

test('explain: the path that made an `in` true is named from entity to ancestor', () => {
  const policies = PolicySet.parse(
    'permit(principal in Group::"all", action, resource) when { principal in [Group::"b"] };',
  )
  const { why, decided } = policies.explain(ask(), entities)
  assert.equal(why, 'permitted')
  const paths = decided[0]?.paths.map((path) => path.map((uid) => uid.id).join(' > '))
  assert.deepEqual(paths, ['ann > a > b > all', 'ann > a > b'])
})

test('explain: a failed clause is the smallest part at fault, with its values', () => {
  const policies = PolicySet.parse(
    'permit(principal, action, resource) when { principal in Group::"all" && (resource.owner == principal || principal.level >= resource.need) };',
  )
  const { why, nearly } = policies.explain(ask(), entities)
  assert.equal(why, 'nothing permits')
  assert.equal(nearly[0]?.failed?.text, 'resource.owner == principal || principal.level >= resource.need')
  assert.deepEqual(nearly[0]?.failed?.values, [
    { expression: 'resource.owner', value: 'User::"bob"' },
    { expression: 'principal', value: 'User::"ann"' },
    { expression: 'principal.level', value: '2' },
    { expression: 'resource.need', value: '3' },
  ])
})

test('explain: an unless that held, and a clause that erred, are told with what they met', () => {
  const policies = PolicySet.parse(
    `permit(principal, action, resource) unless { context has mfa && !context.mfa };
     permit(principal, action, resource) when { true && principal.missing == 1 };`,
  )
  const { nearly } = policies.explain(ask('read', { mfa: false }), entities)
  assert.deepEqual([nearly[0]?.failed?.kind, nearly[1]?.failed?.kind], ['unless', 'when'])
  assert.match(nearly[0]?.failed?.text ?? '', /context has mfa/)
  assert.equal(nearly[1]?.failed?.text, 'principal.missing == 1')
  assert.match(nearly[1]?.failed?.error ?? '', /missing/)
})

test('explain: "X forbids" and "nothing permits" are told apart', () => {
  const policies = PolicySet.parse(
    'permit(principal, action, resource); @why("frozen") forbid(principal, action == Action::"write", resource);',
  )
  const forbidden = policies.explain(ask('write'), entities)
  assert.equal(forbidden.why, 'forbidden')
  assert.deepEqual([forbidden.decided[0]?.policy, forbidden.decided[0]?.annotations.why], ['policy1', 'frozen'])
  assert.equal(PolicySet.parse('').explain(ask(), entities).why, 'nothing permits')
})

test('explain: a policy out of scope by one part is a near miss, and a link says its template', () => {
  const policies = PolicySet.parse(
    '@id("reader") permit(principal == ?principal, action == Action::"read", resource == ?resource);',
    { ids: 'annotation' },
  )
  policies.link({ template: 'reader', id: 'l', principal: { type: 'User', id: 'bob' }, resource: doc })
  policies.link({
    template: 'reader',
    id: 'far',
    principal: { type: 'User', id: 'bob' },
    resource: { type: 'Doc', id: 'z' },
  })
  const { nearly, complete } = policies.explain(ask(), entities)
  assert.deepEqual(
    nearly.map(({ policy, template, outOfScope }) => ({ policy, template, outOfScope })),
    [{ policy: 'l', template: 'reader', outOfScope: ['principal == User::"bob"'] }],
  )
  assert.equal(complete, true)
})

test('explain: decides as authorize does, names what decided, and finds a fault in every policy in scope that did not', () => {
  const tape = fc.array(fc.nat(0xfffff), { minLength: 1200, maxLength: 1200 })
  const property = fc.property(tape, (choices) => {
    const made = makeCase(new Tape(choices))
    let policies: PolicySet
    let store: Entities
    try {
      policies = PolicySet.fromJson({
        staticPolicies: made.statics,
        templates: made.templates,
        templateLinks: made.links,
      })
      store = Entities.fromJson(made.entities)
    } catch (error) {
      assert.ok(error instanceof CedarError)
      return
    }
    for (const request of made.requests) {
      const { decision, reasons, errors } = policies.authorize(request, store)
      const told = policies.explain(request, store, { most: 100 })
      assert.deepEqual([told.decision, told.reasons, told.errors], [decision, reasons, errors])
      assert.deepEqual(
        told.decided.map(({ policy }) => policy),
        reasons,
      )
      const erring = told.nearly.filter(({ failed }) => failed?.error !== undefined).map(({ policy }) => policy)
      for (const { policy } of errors) assert.ok(erring.includes(policy), `${policy} erred and is not told`)
      for (const near of told.nearly) assert.ok(near.outOfScope.length === 1 || near.failed !== undefined)
    }
  })
  fc.assert(property, { numRuns: 300, interruptAfterTimeLimit: 5000 })
})
