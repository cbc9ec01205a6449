import assert from 'node:assert/strict'
import { isFault } from '#kernel'
import { inHouse, systemAct } from '../../../test/support/authorization.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import type { EntityUid } from '../entities/source.ts'
import { createGrant } from '../grants/create-grant.ts'
import { deployment } from './gate.ts'

onEachEngine('no power over a principal that holds a role which the actor could not grant', (scratch) =>
  inHouse(scratch, async (house) => {
    const { gate, snapshot } = house.authorization
    const helper = await house.user()
    const owner = await house.user()
    const owners = await house.group()
    const inner = await house.group([owners])
    const nested = await house.user({ groups: [inner] })
    const plain = await house.user()
    const staff = await house.group()
    const give = async (role: string, principal: { type: string; id: string }, resource = deployment) => {
      const { at } = await createGrant(house.authorization, systemAct, { role, principal, resource, why: 'test' })
      await snapshot.waitFor(at, 5_000)
    }
    await give('user-administrator', helper, { type: 'Organization', id: house.home })
    await give('owner', owner)
    await give('owner', owners)
    const act = house.act(helper)
    for (const action of ['resetFactors', 'updateUser', 'suspendUser', 'deactivateUser', 'deleteUser', 'inviteUser']) {
      assert.equal(gate.may(act, action, plain), true, action)
      for (const higher of [owner, nested]) {
        assert.equal(gate.may(act, action, higher), false, action)
        assert.throws(
          () => gate.require(act, action, higher),
          (error) => isFault(error, 'authorization.above_you'),
        )
      }
    }
    assert.equal(gate.may(act, 'changeMembers', staff), true)
    assert.equal(gate.may(act, 'changeMembers', owners), false)
    assert.equal(gate.may(act, 'changeMembers', inner), false)
    assert.equal(gate.may(act, 'endSessions', owner), true)
    assert.equal(gate.may(act, 'updateUser', helper), true)
    assert.equal(gate.may(house.act(owner), 'resetFactors', helper), true)
    assert.equal(gate.may(house.act(owner), 'changeMembers', owners), true)
  }),
)

onEachEngine(
  'a role that begins later protects its principal from today on, for whoever is her then has it',
  (scratch) =>
    inHouse(scratch, async (house) => {
      const { gate, snapshot } = house.authorization
      const [helper, coming, past, joined] = [
        await house.user(),
        await house.user(),
        await house.user(),
        await house.group(),
      ]
      const nowMs = house.clock.nowMs()
      const give = async (role: string, principal: EntityUid, more: { fromMs?: number; untilMs?: number } = {}) => {
        const input = { role, principal, resource: deployment, why: 'test', ...more }
        await snapshot.waitFor((await createGrant(house.authorization, systemAct, input)).at, 5_000)
      }
      await give('user-administrator', helper)
      await give('owner', coming, { fromMs: nowMs + 60_000 })
      await give('owner', joined, { fromMs: nowMs + 60_000 })
      await give('owner', past, { untilMs: nowMs + 10 })
      house.clock.advanceMs(10)
      const act = house.act(helper)
      assert.equal(gate.may(act, 'resetFactors', coming), false)
      assert.equal(gate.may(act, 'changeMembers', joined), false)
      assert.equal(gate.may(act, 'resetFactors', past), true)
    }),
)

onEachEngine('the owner of an organization has no power over it while somebody higher is at home in it', (scratch) =>
  inHouse(scratch, async (house) => {
    const { gate, snapshot } = house.authorization
    const local = await house.user({ organizationId: house.other })
    const higher = await house.user({ organizationId: house.other })
    const other = { type: 'Organization', id: house.other }
    const give = async (principal: EntityUid, resource: EntityUid) => {
      const input = { role: 'owner', principal, resource, why: 'test' }
      const { value, at } = await createGrant(house.authorization, systemAct, input)
      await snapshot.waitFor(at, 5_000)
      return value
    }
    await give(local, other)
    const act = house.act(local)
    const actions = ['updateOrganization', 'deleteOrganization', 'applyPolicies', 'rollBackPolicies']
    for (const action of actions) assert.equal(gate.may(act, action, other), true)
    await give(higher, deployment)
    for (const action of actions) {
      assert.equal(gate.may(act, action, other), false, action)
      assert.equal(gate.may(house.act(higher), action, other), true, action)
    }
    assert.equal(gate.may(act, 'inviteUser', other), true)
  }),
)
