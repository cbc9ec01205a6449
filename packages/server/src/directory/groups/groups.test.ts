import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type GroupId, isFault, newId } from '#kernel'
import { systemAct as act, type DirectoryFixture, openDirectory } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { createOrganization } from '../organizations/create-organization.ts'
import { addUsers, inviteUser } from '../users/invite-user.ts'
import { deleteUser } from '../users/move-user.ts'
import { deleteGroup } from './change-group.ts'
import { changeMembers } from './change-members.ts'
import { createGroup } from './create-group.ts'
import { findGroup, listGroups } from './group.store.ts'
import { type Group, groupDepthMost } from './group.ts'
import { groupsOfMembers, listMembers } from './member.store.ts'

async function makeGroups(deps: DirectoryFixture, count: number): Promise<Group[]> {
  const groups: Group[] = []
  for (let at = 0; at < count; at++) groups.push((await createGroup(deps, act, deps.home.id, { name: `g${at}` })).value)
  return groups
}

/** Whether a graph, node to nodes, has a cycle; and its longest way in nodes. */
function longestWay(edges: ReadonlyMap<string, ReadonlySet<string>>): number {
  const known = new Map<string, number>()
  const visit = (node: string, path: readonly string[]): number => {
    if (path.includes(node)) return Number.POSITIVE_INFINITY
    const found = known.get(node)
    if (found !== undefined) return found
    const ways = [...(edges.get(node) ?? [])].map((next) => visit(next, [...path, node]))
    const longest = 1 + Math.max(0, ...ways)
    known.set(node, longest)
    return longest
  }
  return Math.max(0, ...[...edges.keys()].map((node) => visit(node, [])))
}

async function edgesOf(deps: DirectoryFixture, groups: readonly Group[]): Promise<Map<string, Set<string>>> {
  const edges = new Map<string, Set<string>>()
  for (const group of groups) {
    const members = await listMembers(deps.storage.db, group, { type: 'Group' }, { limit: 1_000 })
    edges.set(group.id, new Set(members.map((member) => member.id)))
  }
  return edges
}

onEachEngine(
  'whatever edges are asked for one after another, those that would close a cycle are refused and no others',
  async (s) => {
    const deps = await openDirectory(s)
    const groups = await makeGroups(deps, 6)
    const edge = fc.record({ add: fc.boolean(), parent: fc.nat(5), child: fc.nat(5) })
    await fc.assert(
      fc.asyncProperty(fc.array(edge, { maxLength: 25 }), async (steps) => {
        const model = new Map<string, Set<string>>(groups.map((group) => [group.id, new Set()]))
        for (const group of groups)
          await changeMembers(deps, act, group.id, { remove: groups.map((other) => other.id) })
        for (const { add, parent, child } of steps) {
          const [above, below] = [groups[parent]!.id, groups[child]!.id]
          const wished = new Map([...model].map(([id, members]) => [id, new Set(members)]))
          if (add) wished.get(above)!.add(below)
          else wished.get(above)!.delete(below)
          const change = changeMembers(deps, act, above, add ? { add: [below] } : { remove: [below] })
          if (longestWay(wished) === Number.POSITIVE_INFINITY) {
            await assert.rejects(change, (error) => isFault(error, 'directory.group_cycle'))
          } else {
            await change
            model.set(above, wished.get(above)!)
          }
        }
        assert.deepEqual(await edgesOf(deps, groups), model)
      }),
      { numRuns: s.address.engine === 'sqlite' ? 30 : 8 },
    )
    await deps.storage.close()
  },
)

onEachEngine('edges asked for at the same time never close a cycle between them', async (s) => {
  const deps = await openDirectory(s)
  const groups = await makeGroups(deps, 4)
  for (let round = 0; round < 6; round++) {
    const pairs = groups.flatMap((parent) => groups.map((child) => ({ parent: parent.id, child: child.id })))
    const outcomes = await Promise.allSettled(
      pairs.map(({ parent, child }) => changeMembers(deps, act, parent, { add: [child] })),
    )
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.ok(isFault(outcome.reason, 'directory.group_cycle'), outcome.reason)
    const edges = await edgesOf(deps, groups)
    // Of the two directions between any two groups exactly one was taken: a full order of four.
    assert.equal(longestWay(edges), 4)
    assert.equal(
      [...edges.values()].reduce((sum, members) => sum + members.size, 0),
      6,
    )
    for (const group of groups) await changeMembers(deps, act, group.id, { remove: groups.map((one) => one.id) })
  }
  await deps.storage.close()
})

onEachEngine(`groups nest ${groupDepthMost} deep and no deeper, from whichever end they are joined`, async (s) => {
  const deps = await openDirectory(s)
  const groups = await makeGroups(deps, groupDepthMost + 1)
  const join = (parent: number, child: number) =>
    changeMembers(deps, act, groups[parent]!.id, { add: [groups[child]!.id] })
  for (let at = 0; at < groupDepthMost - 1; at++) await join(at, at + 1)
  const deep = (error: unknown) => isFault(error, 'directory.group_too_deep')
  await assert.rejects(join(groupDepthMost - 1, groupDepthMost), deep)
  await assert.rejects(join(groupDepthMost, 0), deep)
  await join(groupDepthMost, 1)
  await deps.storage.close()
})

onEachEngine('members are of the organization of the group and alive; one unknown refuses all', async (s) => {
  const deps = await openDirectory(s)
  const [group] = (await makeGroups(deps, 1)) as [Group]
  const { value: other } = await createOrganization(deps, act, { name: 'other' })
  const { value: alice } = await inviteUser(deps, act, deps.home.id, { username: 'alice' })
  const { value: gone } = await inviteUser(deps, act, deps.home.id, { username: 'gone' })
  const { value: stranger } = await inviteUser(deps, act, other.id, { username: 'alice' })
  await changeMembers(deps, act, group.id, { add: [gone.id] })
  await deleteUser(deps, act, gone.id)
  for (const id of [gone.id, stranger.id, newId('user', deps), newId('group', deps), newId('machine', deps)])
    await assert.rejects(changeMembers(deps, act, group.id, { add: [alice.id, id] }), (error) =>
      isFault(error, 'directory.member_unknown'),
    )
  assert.deepEqual(await listMembers(deps.storage.db, group, {}, { limit: 10 }), [])
  await changeMembers(deps, act, group.id, { add: [alice.id, alice.id] })
  const { value: again } = await changeMembers(deps, act, group.id, { add: [alice.id] })
  assert.equal(again.revision, 3, 'adding who is a member changes nothing')
  assert.deepEqual(await listMembers(deps.storage.db, group, {}, { limit: 10 }), [
    { type: 'User', id: alice.id, name: 'alice' },
  ])
  assert.deepEqual(
    (await listGroups(deps.storage.db, { member: alice.id }, { limit: 10 })).map((one) => one.id),
    [group.id],
  )
  await deps.storage.close()
})

onEachEngine('deleting a group touches every member, so that nobody keeps a right through it', async (s) => {
  const deps = await openDirectory(s)
  const [staff, inner] = (await makeGroups(deps, 2)) as [Group, Group]
  const people: string[] = []
  await deps.storage.transact(async (tx) => {
    const inputs = Array.from({ length: 620 }, (_, at) => ({ username: `u${at}` }))
    people.push(...(await addUsers(tx, deps, act, deps.home.id, inputs)).map((user) => user.id))
  })
  await changeMembers(deps, act, staff.id, { add: people.slice(0, 400) as GroupId[] })
  await changeMembers(deps, act, staff.id, { add: [...people.slice(400), inner.id] as GroupId[] })
  const before = (await deps.events()).length
  await deleteGroup(deps, act, staff.id)
  const events = (await deps.events()).slice(before)
  const touched = events.flatMap((event) => event.touches.map((touch) => touch.id))
  assert.deepEqual(new Set(touched), new Set([...people, inner.id, staff.id]))
  assert.ok(events.every((event) => event.touches.length <= 500))
  assert.equal(events.at(-1)?.type, 'directory.group_deleted')
  assert.equal(await findGroup(deps.storage.db, staff.id), undefined)
  assert.equal((await groupsOfMembers(deps.storage.db, people)).size, 0)
  assert.equal((await createGroup(deps, act, deps.home.id, { name: 'g0' })).value.revision, 1)
  await deps.storage.close()
})

onEachEngine('a group deleted while members are added: either order, never a member of nothing', async (s) => {
  const deps = await openDirectory(s)
  for (let round = 0; round < 8; round++) {
    const { value: group } = await createGroup(deps, act, deps.home.id, { name: `r${round}` })
    const { value: user } = await inviteUser(deps, act, deps.home.id, { username: `r${round}` })
    const [added] = await Promise.allSettled([
      changeMembers(deps, act, group.id, { add: [user.id] }),
      deleteGroup(deps, act, group.id),
    ])
    if (added.status === 'rejected') assert.ok(isFault(added.reason, 'directory.group_unknown'), added.reason)
    assert.equal((await groupsOfMembers(deps.storage.db, [user.id])).size, 0)
  }
  await deps.storage.close()
})
