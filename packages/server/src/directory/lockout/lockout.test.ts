import assert from 'node:assert/strict'
import { addGrant, deployment, type EntityUid, findGrant, removeGrant, revokeGrant } from '#authorization'
import { type Act, isFault, type UserId } from '#kernel'
import type { Tx } from '#storage'
import { openDirectory, systemAct } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { startTestServer } from '../../../test/support/server.ts'
import { removeGroup } from '../groups/change-group.ts'
import { changeMembersIn } from '../groups/change-members.ts'
import { addGroup } from '../groups/create-group.ts'
import { moveOrganizationIn } from '../organizations/change-organization.ts'
import { addOrganization } from '../organizations/create-organization.ts'
import { findOrganizationByName } from '../organizations/organization.store.ts'
import type { Organization } from '../organizations/organization.ts'
import { addUser } from '../users/invite-user.ts'
import { moveUserIn } from '../users/move-user.ts'
import { keepAdministrators, someAdministratorRemains } from './keep-administrators.ts'

const act: Act = systemAct
const refused = (error: unknown) => isFault(error, 'authorization.last_owner')
type Deps = Awaited<ReturnType<typeof openDirectory>>

async function activeUser(deps: Deps, username: string, organization = deps.home.id): Promise<UserId> {
  return deps.storage.transact(async (tx) => {
    const { id } = await addUser(tx, deps, act, organization, { username })
    await moveUserIn(tx, deps, act, id, 'activate')
    return id
  })
}

const own = (deps: Deps, principal: EntityUid, untilMs?: number) =>
  deps.storage.transact((tx) =>
    addGrant(tx, deps, act, undefined, { role: 'owner', principal, resource: deployment, why: 'test', untilMs }),
  )

onEachEngine(
  'the last active owner can be neither suspended, deactivated nor deleted; one of two can',
  async (scratch) => {
    const deps = await openDirectory(scratch)
    const [ann, bob] = [await activeUser(deps, 'ann'), await activeUser(deps, 'bob')]
    await own(deps, { type: 'User', id: ann })
    await own(deps, { type: 'User', id: bob }, deps.clock.nowMs() + 1_000)
    for (const transition of ['suspend', 'deactivate', 'delete'] as const)
      await assert.rejects(
        deps.storage.transact((tx) => moveUserIn(tx, deps, act, ann, transition)),
        refused,
      )
    await own(deps, { type: 'User', id: bob })
    await deps.storage.transact((tx) => moveUserIn(tx, deps, act, ann, 'suspend'))
    await assert.rejects(
      deps.storage.transact((tx) => moveUserIn(tx, deps, act, bob, 'suspend')),
      refused,
    )
    await deps.storage.close()
  },
)

onEachEngine(
  'an owner through nested groups counts: the group, its members and the organization are kept',
  async (scratch) => {
    const deps = await openDirectory(scratch)
    const { storage } = deps
    const other = await storage.transact((tx) => addOrganization(tx, deps, act, { name: 'other' }))
    const ann = await activeUser(deps, 'ann', other.id)
    const [outer, inner] = await storage.transact(async (tx) => {
      const outer = await addGroup(tx, deps, act, other.id, { name: 'outer' })
      const inner = await addGroup(tx, deps, act, other.id, { name: 'inner' })
      await changeMembersIn(tx, deps, act, outer.id, { add: [inner.id] })
      await changeMembersIn(tx, deps, act, inner.id, { add: [ann] })
      return [outer, inner] as const
    })
    assert.equal(await someAdministratorRemains(storage.db, deps.clock.nowMs()), false)
    await own(deps, { type: 'Group', id: outer.id })
    assert.equal(await someAdministratorRemains(storage.db, deps.clock.nowMs()), true)
    const changes = [
      (tx: Tx) => changeMembersIn(tx, deps, act, inner.id, { remove: [ann] }),
      (tx: Tx) => changeMembersIn(tx, deps, act, outer.id, { remove: [inner.id] }),
      (tx: Tx) => removeGroup(tx, deps, act, inner.id),
      (tx: Tx) => removeGroup(tx, deps, act, outer.id),
      (tx: Tx) => moveOrganizationIn(tx, deps, act, other.id, 'suspend'),
    ]
    for (const change of changes)
      await assert.rejects(
        storage.transact((tx) => change(tx) as Promise<unknown>),
        refused,
      )
    await storage.close()
  },
)

onEachEngine('two owners who deactivate each other at once: one of them stays', async (scratch) => {
  const deps = await openDirectory(scratch)
  const [ann, bob] = [await activeUser(deps, 'ann'), await activeUser(deps, 'bob')]
  for (const id of [ann, bob]) await own(deps, { type: 'User', id })
  const both = await Promise.allSettled(
    [ann, bob].map((id) => deps.storage.transact((tx) => moveUserIn(tx, deps, act, id, 'deactivate'))),
  )
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  assert.ok(await someAdministratorRemains(deps.storage.db, deps.clock.nowMs()))
  await deps.storage.close()
})

onEachEngine(
  'before there is an administrator nothing is refused, and one change may hand the role over',
  async (scratch) => {
    const deps = await openDirectory(scratch)
    const [ann, bob] = [await activeUser(deps, 'ann'), await activeUser(deps, 'bob')]
    await deps.storage.transact((tx) => moveUserIn(tx, deps, act, bob, 'suspend'))
    await deps.storage.transact((tx) => moveUserIn(tx, deps, act, bob, 'activate'))
    const held = await own(deps, { type: 'User', id: ann })
    await deps.storage.transact((tx) =>
      keepAdministrators(tx, deps.clock.nowMs(), async () => {
        const input = { role: 'owner', principal: { type: 'User', id: bob }, resource: deployment, why: 'test' }
        await addGrant(tx, deps, act, undefined, input)
        await removeGrant(tx, { ...deps, keepAdministrators }, act, held)
      }),
    )
    assert.ok(await someAdministratorRemains(deps.storage.db, deps.clock.nowMs()))
    await deps.storage.close()
  },
)

onEachEngine('the grant of the last active owner is not revoked for one who cannot sign in', async (scratch) => {
  const server = await startTestServer(scratch)
  try {
    const { storage, authorization } = server
    const home = (await findOrganizationByName(storage.db, 'home')) as Organization
    const [held] = await storage.transact(async (tx) => {
      const ann = await addUser(tx, authorization, act, home.id, { username: 'ann' })
      const bob = await addUser(tx, authorization, act, home.id, { username: 'bob' })
      await moveUserIn(tx, authorization, act, ann.id, 'activate')
      const grants = []
      for (const { id } of [ann, bob]) {
        const input = { role: 'owner', principal: { type: 'User', id }, resource: deployment, why: 'test' }
        grants.push(await addGrant(tx, authorization, act, undefined, input))
      }
      return grants
    })
    await assert.rejects(revokeGrant(authorization, act, held?.id as never), refused)
    const within = storage.transact((tx) => removeGrant(tx, authorization, act, held as never))
    await assert.rejects(within, refused)
    assert.ok(await findGrant(storage.db, held?.id as never))
  } finally {
    await server.close()
  }
})
