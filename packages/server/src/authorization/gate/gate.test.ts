import assert from 'node:assert/strict'
import { isFault } from '#kernel'
import { inHouse, systemAct } from '../../../test/support/authorization.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { createGrant } from '../grants/create-grant.ts'
import { deployment } from './gate.ts'

const organization = (id: string) => ({ type: 'Organization', id })

onEachEngine('nobody without a grant may do anything; anonymous is 401, others 403 with a reason', (scratch) =>
  inHouse(scratch, async (house) => {
    const { gate } = house.authorization
    const alice = await house.user()
    const anonymous = { actor: { type: 'anonymous', name: 'anonymous' }, requestId: 'r' } as const
    assert.throws(
      () => gate.require(anonymous, 'viewUser', alice),
      (error) => isFault(error, 'web.unauthenticated'),
    )
    assert.throws(
      () => gate.require(house.act(alice), 'viewUser', alice),
      (error) => isFault(error, 'authorization.denied') && error.extra?.reason === 'deny_default',
    )
    assert.throws(() => gate.require(house.act(alice), 'invented', alice), TypeError)
    assert.equal(gate.may(systemAct, 'rotateKeys', deployment), true)
    const bootstrap = { actor: { type: 'bootstrap', name: 'local' }, requestId: 'r' } as const
    assert.equal(gate.may(bootstrap, 'rotateKeys', deployment), true)
  }),
)

onEachEngine('a role holds within its scope and through groups, and not in another organization', (scratch) =>
  inHouse(scratch, async (house) => {
    const { gate, snapshot } = house.authorization
    const staff = await house.group()
    const helpdesk = await house.group([staff])
    const alice = await house.user({ groups: [helpdesk] })
    const bob = await house.user()
    const stranger = await house.user({ organizationId: house.other })
    const { at } = await createGrant(house.authorization, systemAct, {
      role: 'user-administrator',
      principal: staff,
      resource: organization(house.home),
      why: 'help desk',
    })
    await snapshot.waitFor(at, 5_000)
    const act = house.act(alice)
    assert.equal(gate.may(act, 'suspendUser', bob), true)
    assert.equal(gate.may(act, 'inviteUser', organization(house.home)), true)
    assert.equal(gate.may(act, 'suspendUser', stranger), false)
    assert.equal(gate.may(act, 'inviteUser', organization(house.other)), false)
    assert.equal(gate.may(act, 'createApplication', organization(house.home)), false)
    assert.equal(gate.may(act, 'createOrganization', deployment), false)
  }),
)

onEachEngine('an inactive or deleted administrator may do nothing from the moment the change is seen', (scratch) =>
  inHouse(scratch, async (house) => {
    const { gate, snapshot } = house.authorization
    const alice = await house.user()
    const { at } = await createGrant(house.authorization, systemAct, {
      role: 'owner',
      principal: alice,
      resource: deployment,
      why: 'first administrator',
    })
    await snapshot.waitFor(at, 5_000)
    assert.equal(gate.may(house.act(alice), 'rotateKeys', deployment), true)
    await house.user({ id: alice.id, active: false })
    assert.equal(gate.may(house.act(alice), 'rotateKeys', deployment), false)
    await house.user({ id: alice.id })
    assert.equal(gate.may(house.act(alice), 'rotateKeys', deployment), true)
    await house.remove(alice)
    assert.equal(gate.may(house.act(alice), 'rotateKeys', deployment), false)
  }),
)

onEachEngine('the snapshot after a start decides as the one before did', (scratch) =>
  inHouse(scratch, async (house) => {
    const alice = await house.user()
    await createGrant(house.authorization, systemAct, {
      role: 'auditor',
      principal: alice,
      resource: deployment,
      why: 'yearly audit',
    })
    await house.close()
    await house.start()
    const { gate } = house.authorization
    assert.equal(gate.may(house.act(alice), 'viewEvents', deployment), true)
    assert.equal(gate.may(house.act(alice), 'rotateKeys', deployment), false)
  }),
)
