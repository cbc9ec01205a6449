import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeCase } from '../test/generate.ts'
import { types } from '../test/pools.ts'
import { Tape } from '../test/tape.ts'
import { CedarError, Entities, listed, PolicySet } from './index.ts'

const key = (uid: { type: string; id: string }) => `${uid.type} ${uid.id}`

test('search: finds just the third part that decisions allow, whichever it is', () => {
  let found = 0
  let narrowed = 0
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
    // Every other entity in a layer of its own: the hierarchy then runs across layers.
    const layers = listed(
      Entities.fromJson(made.entities.filter((_, at) => at % 2 === 0)),
      Entities.fromJson(made.entities.filter((_, at) => at % 2 === 1)),
    )
    for (const { principal, action, resource, context } of made.requests) {
      for (const type of types) {
        const ids = [...store.ofType(type)].map(({ id }) => ({ type, id }))
        for (const [listing, view] of [
          [store, store],
          [layers, layers.view],
        ] as const) {
          const resources = policies.findResources({ principal, action, context, resourceType: type }, listing, view)
          const principals = policies.findPrincipals({ resource, action, context, principalType: type }, listing, view)
          const allowed = (request: object) =>
            policies.authorize({ principal, action, resource, context, ...request }, view).decision === 'allow'
          // What a policy names is found although it is no entity: so only what exists is compared whole.
          const known = new Set(ids.map(key))
          assert.deepEqual(
            resources.found.map(key).filter((k) => known.has(k)),
            ids
              .filter((uid) => allowed({ resource: uid }))
              .map(key)
              .sort(),
          )
          assert.deepEqual(
            principals.found.map(key).filter((k) => known.has(k)),
            ids
              .filter((uid) => allowed({ principal: uid }))
              .map(key)
              .sort(),
          )
          for (const uid of resources.found) assert.ok(allowed({ resource: uid }))
          for (const uid of principals.found) assert.ok(allowed({ principal: uid }))
          found += resources.found.length + principals.found.length
          narrowed += Number(resources.narrowed) + Number(principals.narrowed)
        }
      }
      const offered = ['read', 'write', 'none'].map((id) => ({ type: 'Action', id }))
      const actions = policies.findActions({ principal, resource, context }, offered, store)
      assert.deepEqual(
        actions,
        offered.filter(
          (one) => policies.authorize({ principal, action: one, resource, context }, store).decision === 'allow',
        ),
      )
    }
  })
  fc.assert(property, { numRuns: 250, interruptAfterTimeLimit: 6000 })
  assert.ok(found > 100 && narrowed > 50, `too little was found: ${found}, ${narrowed}`)
})

test('search: where links name what they grant, only that is decided on, and stays right as links come and go', () => {
  const policies = PolicySet.parse(
    '@id("t") permit(principal in ?principal, action, resource in ?resource) unless { resource.locked };',
    { ids: 'annotation' },
  )
  const entities = Entities.fromJson([
    ...Array.from({ length: 5000 }, (_, at) => ({
      uid: { type: 'Doc', id: `d${at}` },
      attrs: { locked: at === 7 },
      parents: [{ type: 'Folder', id: `f${at % 1000}` }],
    })),
    { uid: { type: 'User', id: 'ann' }, attrs: {}, parents: [{ type: 'Group', id: 'g' }] },
  ])
  const link = (id: string, group: string, folder: string) =>
    policies.link({
      template: 't',
      id,
      principal: { type: 'Group', id: group },
      resource: { type: 'Folder', id: folder },
    })
  for (let at = 0; at < 1000; at++) link(`l${at}`, `g${at}`, `f${at}`)
  link('mine', 'g', 'f7')
  const asked = { principal: { type: 'User', id: 'ann' }, action: { type: 'Action', id: 'read' }, resourceType: 'Doc' }
  const first = policies.findResources(asked, entities, entities)
  assert.deepEqual(
    first.found.map(({ id }) => id),
    ['d1007', 'd2007', 'd3007', 'd4007'],
  )
  assert.deepEqual([first.narrowed, first.decided], [true, 5])
  assert.deepEqual(
    policies.findResources(asked, entities, entities, { offset: 1, limit: 2 }).found.map(({ id }) => id),
    ['d2007', 'd3007'],
  )
  link('more', 'g', 'f8')
  entities.delete({ type: 'Doc', id: 'd8' })
  entities.set({ uid: { type: 'Doc', id: 'new' }, attrs: { locked: false }, parents: [{ type: 'Folder', id: 'f8' }] })
  policies.unlink('mine')
  assert.deepEqual(
    policies.findResources(asked, entities, entities).found.map(({ id }) => id),
    ['d1008', 'd2008', 'd3008', 'd4008', 'new'],
  )
  const who = policies.findPrincipals(
    { resource: { type: 'Doc', id: 'new' }, action: asked.action, principalType: 'User' },
    entities,
    entities,
  )
  assert.deepEqual([who.found.map(({ id }) => id), who.narrowed], [['ann'], true])
})
