import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { inHouse } from '../../../test/support/authorization.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { findCycle } from '../entities/cycles.ts'
import type { EntityUid } from '../entities/source.ts'

onEachEngine('groups that change places are followed, in whichever order their events touch them', (scratch) =>
  inHouse(scratch, async (house) => {
    const { snapshot } = house.authorization
    const organization = { type: 'Organization', id: house.home }
    const outer = await house.group()
    const inner = await house.group([outer])
    const set = (uid: EntityUid, parents: readonly EntityUid[]) => {
      const attrs = { name: uid.id, organization: { __entity: organization } }
      const entity = { uid, attrs, parents: [...parents, organization] }
      house.entities.set(`${uid.type}\n${uid.id}`, { organizationId: house.home, entity })
    }
    set(inner, [])
    set(outer, [inner])
    await house.touch(outer, inner)
    assert.equal(snapshot.isWithin(outer, inner), true)
    assert.equal(snapshot.isWithin(inner, outer), false)
    // The event that touches the other one has not come yet: what is held of it is older than what is read.
    set(outer, [])
    set(inner, [outer])
    await house.touch(inner)
    assert.equal(snapshot.isWithin(inner, outer), true)
    assert.equal(snapshot.isWithin(outer, inner), false)
    assert.deepEqual(house.errors, [])
  }),
)

test('findCycle finds a cycle exactly when there is one above what it starts from', () => {
  const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 16 })
  fc.assert(
    fc.property(edges, fc.array(fc.nat(7)), (pairs, starts) => {
      const uid = (id: number) => ({ type: 'Group', id: String(id) })
      const parentsOf = (child: EntityUid) =>
        pairs.filter(([from]) => String(from) === child.id).map(([, to]) => uid(to))
      const above = (id: string) => {
        const seen = new Set<string>()
        const queue = [id]
        for (const at of queue)
          for (const parent of parentsOf({ type: 'Group', id: at }))
            if (!seen.has(parent.id)) {
              seen.add(parent.id)
              queue.push(parent.id)
            }
        return seen
      }
      const reached = new Set(starts.flatMap((id) => [String(id), ...above(String(id))]))
      const expected = [...reached].some((id) => above(id).has(id))
      const found = findCycle(starts.map(uid), parentsOf)
      assert.equal(found !== undefined, expected)
      for (const [at, member] of (found ?? []).entries()) {
        const next = found![(at + 1) % found!.length] as EntityUid
        assert.ok(parentsOf(member).some((parent) => parent.id === next.id))
      }
    }),
    { numRuns: 2_000 },
  )
})
