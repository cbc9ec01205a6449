import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PolicySet } from '@gatehouse/cedar'
import { DirectoryEntities } from '../entities/directory.ts'
import type { Grant } from '../grants/grant.ts'
import { GrantLinks } from '../grants/grant-links.ts'
import { RememberedRights } from './remembered-rights.ts'

const text = '@id("decider") permit (principal == ?principal, action, resource == ?resource);'
const grant = (fromMs: number, untilMs?: number) =>
  ({
    id: 'grant_1',
    role: 'decider',
    principal: { type: 'Machine', id: 'm' },
    resource: { type: 'Application', id: 'a' },
    fromMs,
    untilMs,
  }) as Grant

test('RememberedRights: decided once, and anew after every change of entities or links, the moment a grant begins or ends included', () => {
  const directory = new DirectoryEntities(['Machine'])
  const links = new GrantLinks(PolicySet.parse(text, { ids: 'annotation' }))
  const rights = new RememberedRights(directory)
  let decided = 0
  const may = (nowMs: number) => {
    links.settle(nowMs)
    return rights.may('m', 'a', links, () => {
      decided++
      return links.policies.has('grant_1')
    })
  }
  assert.deepEqual([may(0), may(0), decided], [false, false, 1])
  links.put(grant(100, 200), 0)
  assert.deepEqual([may(99), may(100), may(199), may(200), may(201)], [false, true, true, false, false])
  const before = decided
  const entity = { uid: { type: 'Machine', id: 'x' }, attrs: {}, parents: [] }
  directory.put({ organizationId: undefined, entity } as never)
  may(201)
  directory.remove({ type: 'Machine', id: 'x' })
  may(201)
  may(201)
  assert.equal(decided, before + 2)
  // What is tried out is neither answered from what is remembered nor remembered.
  assert.equal(
    links.with({ ...grant(0), role: 'decider' }, () => rights.may('m', 'a', links, () => true)),
    true,
  )
  assert.equal(may(201), false)
  links.put(grant(0), 201)
  assert.equal(may(201), true)
  links.remove('grant_1' as Grant['id'])
  assert.equal(may(201), false)
})
