import assert from 'node:assert/strict'
import { allEvents, defineEvents, record } from '#feed'
import { inHouse, systemAct } from '../../test/support/authorization.ts'
import { onEachEngine } from '../../test/support/engines.ts'
import { createGrant } from './grants/create-grant.ts'
import { deleteEndedGrants, listGrants } from './grants/grant.store.ts'

// The directory's own event, where that room is not loaded.
const deleted = 'directory.user_deleted' as 'test.directory_changed'
if (!allEvents().has(deleted)) defineEvents({ [deleted]: 'A user was deleted' })

onEachEngine('grants to somebody deleted are revoked, on the record; those of others stay', (scratch) =>
  inHouse(scratch, async (house) => {
    const [alice, bob] = [await house.user(), await house.user()]
    const resource = { type: 'Organization', id: house.home }
    for (const principal of [alice, bob])
      await createGrant(house.authorization, systemAct, { role: 'auditor', principal, resource, why: 'audit' })
    await house.storage.write((tx) =>
      record(tx, systemAct, {
        type: deleted,
        atMs: 1,
        organizationId: house.home,
        object: { type: 'User', id: alice.id },
        data: {},
      }),
    )
    const deadline = Date.now() + 5_000
    while ((await listGrants(house.storage.db, { principal: alice }, '', 10)).length > 0) {
      assert.ok(Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.equal((await listGrants(house.storage.db, { principal: bob }, '', 10)).length, 1)
  }),
)

onEachEngine('grants that ended long ago go; what has no end, or a later one, stays', (scratch) =>
  inHouse(scratch, async (house) => {
    const alice = await house.user()
    const nowMs = house.clock.nowMs()
    const input = {
      role: 'auditor',
      principal: alice,
      resource: { type: 'Organization', id: house.home },
      why: 'audit',
    }
    for (const untilMs of [nowMs + 1_000, nowMs + 2_000, undefined])
      await createGrant(house.authorization, systemAct, { ...input, untilMs })
    await house.storage.transact((tx) => deleteEndedGrants(tx, nowMs + 1_500))
    const left = await listGrants(house.storage.db, {}, '', 10)
    assert.deepEqual(left.map((grant) => grant.untilMs).sort(), [nowMs + 2_000, undefined])
  }),
)
