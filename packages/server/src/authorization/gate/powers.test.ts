import assert from 'node:assert/strict'
import { isFault } from '#kernel'
import { inHouse, systemAct } from '../../../test/support/authorization.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
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
