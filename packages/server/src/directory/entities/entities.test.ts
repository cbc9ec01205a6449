import assert from 'node:assert/strict'
import type { OwnedEntity } from '#authorization'
import type { GroupId } from '#kernel'
import type { Reader } from '#storage'
import { systemAct as act, openDirectory } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { fillDirectory } from '../../../test/support/fill-directory.ts'
import { startTestServer } from '../../../test/support/server.ts'
import { createApplication } from '../applications/create-application.ts'
import { changeMembers } from '../groups/change-members.ts'
import { createGroup } from '../groups/create-group.ts'
import { createMachine } from '../machines/create-machine.ts'
import { moveOrganization } from '../organizations/change-organization.ts'
import { createOrganization } from '../organizations/create-organization.ts'
import { addUsers, inviteUser } from '../users/invite-user.ts'
import { activateUser, deactivateUser, deleteUser } from '../users/move-user.ts'
import { directoryEntities } from './source.ts'

onEachEngine('each noun as the entity that docs/architecture.md says, alone and in the stream of all', async (s) => {
  const deps = await openDirectory(s)
  const { db } = deps.storage
  const organizationId = deps.home.id
  const organization = { type: 'Organization', id: organizationId }
  const within = { __entity: organization }
  const { value: alice } = await inviteUser(deps, act, organizationId, {
    username: 'alice',
    email: 'alice@example.com',
    displayName: 'Alice',
    attributes: { department: 'research' },
  })
  await activateUser(deps, act, alice.id)
  const { value: bob } = await inviteUser(deps, act, organizationId, { username: 'bob' })
  const { value: gone } = await inviteUser(deps, act, organizationId, { username: 'gone' })
  await deleteUser(deps, act, gone.id)
  const { value: staff } = await createGroup(deps, act, organizationId, { name: 'staff' })
  const { value: research } = await createGroup(deps, act, organizationId, { name: 'research' })
  const { value: archiver } = await createMachine(deps, act, organizationId, { name: 'archiver', owner: alice.id })
  const { value: docs } = await createApplication(deps, act, organizationId, { name: 'docs', kind: 'web' })
  await changeMembers(deps, act, staff.id, { add: [research.id, archiver.id] })
  await changeMembers(deps, act, research.id, { add: [alice.id] })
  const entity = (type: string, id: string, attrs: object, groups: string[] = [], tags?: object) => ({
    organizationId,
    entity: {
      uid: { type, id },
      attrs: { ...attrs, organization: within },
      parents: [...groups.map((group) => ({ type: 'Group', id: group })), organization],
      ...(tags && { tags }),
    },
  })
  const expected = [
    {
      organizationId,
      entity: {
        uid: organization,
        attrs: { name: 'home' },
        parents: [{ type: 'Gatehouse::Deployment', id: 'gatehouse' }],
      },
    },
    entity('Group', staff.id, { name: 'staff' }),
    entity('Group', research.id, { name: 'research' }, [staff.id]),
    entity(
      'User',
      alice.id,
      { username: 'alice', active: true, email: 'alice@example.com', name: 'Alice' },
      [research.id],
      { department: 'research' },
    ),
    entity('User', bob.id, { username: 'bob', active: false }, [], {}),
    entity(
      'Machine',
      archiver.id,
      { name: 'archiver', owner: { __entity: { type: 'User', id: alice.id } }, active: true },
      [staff.id],
    ),
    entity('Application', docs.id, { name: 'docs', active: true }),
  ]
  const all: OwnedEntity[] = []
  for await (const some of directoryEntities.loadAll(db)) all.push(...some)
  const byId = (list: readonly { entity: { uid: { id: string } } }[]) =>
    [...list].sort((a, b) => (a.entity.uid.id < b.entity.uid.id ? -1 : 1))
  assert.deepEqual(byId(all), byId(expected))
  for (const one of expected) assert.deepEqual(await directoryEntities.load(db, one.entity.uid), one)
  for (const uid of [
    { type: 'User', id: gone.id },
    { type: 'User', id: 'x\0' },
    { type: 'Group', id: alice.id },
    { type: 'Other', id: 'x' },
  ])
    assert.equal(await directoryEntities.load(db, uid), undefined)
  await deps.storage.close()
})

onEachEngine('the stream of all goes over many pages without losing or repeating any', async (s) => {
  const deps = await openDirectory(s)
  const { value: staff } = await createGroup(deps, act, deps.home.id, { name: 'staff' })
  const ids: string[] = []
  await deps.storage.transact(async (tx) => {
    const inputs = Array.from({ length: 2_050 }, (_, at) => ({ username: `u${(at * 7_919) % 2_050}` }))
    ids.push(...(await addUsers(tx, deps, act, deps.home.id, inputs)).map((user) => user.id))
  })
  for (let at = 0; at < ids.length; at += 500)
    await changeMembers(deps, act, staff.id, { add: ids.slice(at, at + 500) as GroupId[] })
  const seen: string[] = []
  for await (const { entity } of loaded(deps.storage.db)) {
    if (entity.uid.type !== 'User') continue
    seen.push(entity.uid.id)
    assert.equal(entity.parents.length, 2)
  }
  assert.deepEqual(seen.sort(), ids.sort())
  await deps.storage.close()
})

onEachEngine(
  'the running snapshot follows: members, deactivation, and the suspension of a whole organization',
  async (s) => {
    const server = await startTestServer(s)
    try {
      const { storage, authorization } = server
      const { snapshot, gate } = authorization
      const deps = {
        storage,
        gate,
        clock: { nowMs: () => Date.now() },
        entropy: { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) },
      }
      const seen = async <T>(writing: Promise<{ value: T; at: Parameters<typeof snapshot.waitFor>[0] }>) => {
        const { value, at } = await writing
        await snapshot.waitFor(at, 5_000)
        return value
      }
      const { id } = await seen(createOrganization(deps, act, { name: 'acme' }))
      const alice = await seen(inviteUser(deps, act, id, { username: 'alice' }))
      const uid = { type: 'User', id: alice.id }
      const active = () => snapshot.directory.find(uid)?.attrs.get('active')
      assert.equal(active(), false)
      await seen(activateUser(deps, act, alice.id))
      assert.equal(active(), true)
      const staff = await seen(createGroup(deps, act, id, { name: 'staff' }))
      await seen(changeMembers(deps, act, staff.id, { add: [alice.id] }))
      assert.equal(snapshot.isWithin(uid, { type: 'Group', id: staff.id }), true)
      await seen(moveOrganization(deps, act, id, 'suspend'))
      assert.equal(active(), false)
      await seen(moveOrganization(deps, act, id, 'activate'))
      assert.equal(active(), true)
      await seen(deactivateUser(deps, act, alice.id))
      assert.equal(active(), false)
      await seen(deleteUser(deps, act, alice.id))
      assert.equal(snapshot.directory.find(uid), undefined)
      assert.equal(snapshot.isWithin(uid, { type: 'Organization', id }), false)
    } finally {
      await server.close()
    }
  },
)

onEachEngine(
  'a directory filled in bulk is the same as one made bit by bit: every user active and in its groups',
  async (s) => {
    const deps = await openDirectory(s)
    const filled = await fillDirectory(deps, deps.home, { users: 2_300, groups: 20, groupsPerUser: 3 })
    assert.equal(filled.users.length, 2_300)
    let users = 0
    for await (const { entity } of loaded(deps.storage.db)) {
      if (entity.uid.type !== 'User') continue
      users++
      assert.equal(entity.attrs.active, true)
      assert.equal(new Set(entity.parents.map((parent) => parent.id)).size, 4)
    }
    assert.equal(users, 2_300)
    await deps.storage.close()
  },
)

async function* loaded(db: Reader): AsyncGenerator<OwnedEntity> {
  for await (const some of directoryEntities.loadAll(db)) yield* some
}
