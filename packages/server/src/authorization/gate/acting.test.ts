import assert from 'node:assert/strict'
import { inHouse, systemAct } from '../../../test/support/authorization.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { createGrant } from '../grants/create-grant.ts'

onEachEngine('who may act for whom: a machine for its owner, a delegate within its scope, by name only', (scratch) =>
  inHouse(scratch, async (house) => {
    const { gate, snapshot } = house.authorization
    const organization = { type: 'Organization', id: house.home }
    const staff = await house.group()
    const olga = await house.user()
    const alice = await house.user({ groups: [staff] })
    const attrs = { name: 'agent', active: true, owner: { __entity: olga }, organization: { __entity: organization } }
    const agent = await house.put({ uid: { type: 'Machine', id: 'machine_agent' }, attrs, parents: [organization] })
    const web = await house.application()
    const may = (actor: typeof web, action: string, whom: typeof web) => gate.may(house.act(actor), action, whom)
    assert.equal(may(agent, 'actFor', olga), true)
    assert.equal(may(agent, 'impersonate', olga), false)
    assert.equal(may(agent, 'actFor', alice), false)
    assert.equal(may(web, 'actFor', alice), false)
    const { at } = await createGrant(house.authorization, systemAct, {
      role: 'delegate',
      principal: web,
      resource: staff,
      why: 'calls the file service for them',
    })
    await snapshot.waitFor(at, 5_000)
    assert.equal(may(web, 'actFor', alice), true)
    assert.equal(may(web, 'actFor', olga), false)
    assert.equal(may(web, 'impersonate', alice), false)
  }),
)
