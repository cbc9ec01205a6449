import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFault } from '#kernel'
import { inHouse, startMs, systemAct, type TestHouse } from '../../../test/support/authorization.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import type { EntityUid } from '../entities/source.ts'
import { deployment } from '../gate/gate.ts'
import { createGrant, type GrantInput } from './create-grant.ts'
import { listGrants } from './grant.store.ts'
import { revokeGrant } from './revoke-grant.ts'
import { TimeHeap } from './time-heap.ts'

const fails = (code: string) => (error: unknown) => isFault(error, code)

async function grant(house: TestHouse, input: Omit<GrantInput, 'why'>, by?: EntityUid) {
  const { authorization } = house
  const act = by === undefined ? systemAct : house.act(by)
  const { value, at } = await createGrant(authorization, act, { why: 'test', ...input })
  await authorization.snapshot.waitFor(at, 5_000)
  return value
}

onEachEngine('a grant begins and ends on the very millisecond, without a sweep', (scratch) =>
  inHouse(scratch, async (house) => {
    const alice = await house.user()
    const may = () => house.authorization.gate.may(house.act(alice), 'rotateKeys', deployment)
    await grant(house, {
      role: 'operator',
      principal: alice,
      resource: deployment,
      fromMs: startMs + 1_000,
      untilMs: startMs + 5_000,
    })
    assert.equal(may(), false)
    house.clock.advanceMs(999)
    assert.equal(may(), false)
    house.clock.advanceMs(1)
    assert.equal(may(), true)
    house.clock.advanceMs(3_999)
    assert.equal(may(), true)
    house.clock.advanceMs(1)
    assert.equal(may(), false)
  }),
)

onEachEngine('a revoked grant is gone from the table and from decisions, and can be revoked once only', (scratch) =>
  inHouse(scratch, async (house) => {
    const alice = await house.user()
    const held = await grant(house, { role: 'operator', principal: alice, resource: deployment })
    const { at } = await revokeGrant(house.authorization, systemAct, held.id, 'left the team')
    await house.authorization.snapshot.waitFor(at, 5_000)
    assert.equal(house.authorization.gate.may(house.act(alice), 'rotateKeys', deployment), false)
    assert.deepEqual(await listGrants(house.storage.db, { principal: alice }, '', 10), [])
    await assert.rejects(revokeGrant(house.authorization, systemAct, held.id), fails('authorization.grant_unknown'))
  }),
)

onEachEngine('a grant is never wider than the granter’s own: in role, in scope, in time', (scratch) =>
  inHouse(scratch, async (house) => {
    const home = { type: 'Organization', id: house.home }
    const other = { type: 'Organization', id: house.other }
    const [alice, bob] = [await house.user(), await house.user()]
    await grant(house, { role: 'administrator', principal: alice, resource: home, untilMs: startMs + 10_000 })
    const tooWide = fails('authorization.grant_too_wide')
    const until = { untilMs: startMs + 10_000 }
    await grant(house, { role: 'auditor', principal: bob, resource: home, ...until }, alice)
    const alike = { principal: bob, resource: home, ...until }
    await assert.rejects(grant(house, { role: 'administrator', ...alike }, alice), tooWide)
    await assert.rejects(grant(house, { role: 'owner', ...alike }, alice), tooWide)
    await assert.rejects(
      grant(house, { role: 'auditor', principal: bob, resource: home, untilMs: startMs + 10_001 }, alice),
      tooWide,
    )
    await assert.rejects(grant(house, { role: 'auditor', principal: bob, resource: home }, alice), tooWide)
    const denied = fails('authorization.denied')
    await assert.rejects(grant(house, { role: 'auditor', principal: bob, resource: other, ...until }, alice), denied)
    await assert.rejects(
      grant(house, { role: 'auditor', principal: bob, resource: deployment, ...until }, alice),
      denied,
    )
    await assert.rejects(grant(house, { role: 'auditor', principal: alice, resource: home, ...until }, bob), denied)
  }),
)

onEachEngine('an administrator cannot take back what she could not have granted, and the last owner stays', (scratch) =>
  inHouse(scratch, async (house) => {
    const [owner, alice] = [await house.user(), await house.user()]
    const owning = await grant(house, { role: 'owner', principal: owner, resource: deployment })
    await grant(house, { role: 'administrator', principal: alice, resource: deployment })
    const asAlice = house.act(alice)
    await assert.rejects(revokeGrant(house.authorization, asAlice, owning.id), fails('authorization.grant_too_wide'))
    await assert.rejects(revokeGrant(house.authorization, systemAct, owning.id), fails('authorization.last_owner'))
    await grant(house, { role: 'owner', principal: alice, resource: deployment })
    await revokeGrant(house.authorization, systemAct, owning.id)
  }),
)

onEachEngine(
  'a grant of an unknown role, to or on something unknown, or that ends before it starts is refused',
  (scratch) =>
    inHouse(scratch, async (house) => {
      const alice = await house.user()
      const good = { role: 'auditor', principal: alice, resource: deployment }
      const refused: [Partial<GrantInput>, string][] = [
        [{ role: 'emperor' }, 'authorization.role_unknown'],
        [{ principal: { type: 'User', id: 'nobody' } }, 'authorization.principal_unknown'],
        [{ principal: { type: 'Planet', id: 'Mars' } }, 'authorization.principal_unknown'],
        [{ resource: { type: 'Organization', id: 'nowhere' } }, 'authorization.scope_unknown'],
        [{ fromMs: startMs + 10, untilMs: startMs + 10 }, 'authorization.grant_times'],
        [{ fromMs: startMs - 10, untilMs: startMs }, 'authorization.grant_times'],
        [{ applicationId: 'app_nothing' as never }, 'authorization.application_unknown'],
      ]
      for (const [change, code] of refused)
        await assert.rejects(grant(house, { ...good, ...change }), fails(code), code)
      assert.deepEqual(await listGrants(house.storage.db, {}, '', 10), [])
    }),
)

test('TimeHeap gives moments in order, whatever the order they came in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (times) => {
      const heap = new TimeHeap<number>()
      for (const time of times) heap.push(time, time)
      const popped: number[] = []
      while (heap.nextMs !== Number.POSITIVE_INFINITY) popped.push(heap.pop())
      assert.deepEqual(
        popped,
        [...times].sort((a, b) => a - b),
      )
    }),
  )
})
