import { record } from '#feed'
import type { Act, GroupId } from '#kernel'
import type { Tx, Written } from '#storage'
import { changedMembers, changesOf } from '../changed.ts'
import type { ChangeDeps, DirectoryDeps } from '../deps.ts'
import '../events.ts'
import { keepAdministrators } from '../lockout/keep-administrators.ts'
import { holdToRevision } from '../revision.ts'
import { deleteGroupRow, requireGroup, updateGroupRow } from './group.store.ts'
import { type Group, type GroupChange, membersPerChange, memberTypeOf, parseGroup } from './group.ts'
import { deleteMembers, leaveGroups, listMemberIds } from './member.store.ts'

/** @throws {Fault} `directory.group_unknown`, `directory.invalid`, `directory.name_taken`, `web.revision_conflict` */
export async function updateGroup(
  deps: DirectoryDeps,
  act: Act,
  id: GroupId,
  change: GroupChange,
  ifRevision?: number,
): Promise<Written<Group>> {
  await requireGroup(deps.storage.db, id)
  deps.gate.require(act, 'updateGroup', { type: 'Group', id })
  return deps.storage.write((tx) => changeGroup(tx, deps, act, id, change, ifRevision))
}

/** As `updateGroup`, inside a transaction whose authorization is settled. */
export async function changeGroup(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: GroupId,
  change: GroupChange,
  ifRevision?: number,
): Promise<Group> {
  const parsed = parseGroup(change)
  const before = await requireGroup(tx, id)
  holdToRevision(before, ifRevision)
  const changed = changedMembers(before, parsed)
  if (changed.length === 0) return before
  const atMs = deps.clock.nowMs()
  const after: Group = { ...before, ...parsed, updatedAtMs: atMs, revision: before.revision + 1 }
  await updateGroupRow(tx, after)
  await record(tx, act, {
    type: 'directory.group_updated',
    atMs,
    organizationId: before.organizationId,
    object: { type: 'Group', id, name: after.name },
    revision: after.revision,
    changes: changesOf(before, after, changed),
    data: { changed },
  })
  return after
}

/** @throws {Fault} `directory.group_unknown`, `web.revision_conflict`, `authorization.denied` */
export async function deleteGroup(
  deps: DirectoryDeps,
  act: Act,
  id: GroupId,
  ifRevision?: number,
): Promise<Written<void>> {
  await requireGroup(deps.storage.db, id)
  deps.gate.require(act, 'deleteGroup', { type: 'Group', id })
  return deps.storage.write((tx) => removeGroup(tx, deps, act, id, ifRevision))
}

/**
 * As `deleteGroup`, inside a transaction whose authorization is settled. The members go first, in events that touch them:
 * whoever was in the group is read again and holds nothing through it any more.
 */
export async function removeGroup(tx: Tx, deps: ChangeDeps, act: Act, id: GroupId, ifRevision?: number): Promise<void> {
  await keepAdministrators(tx, deps.clock.nowMs(), () => removeWhole(tx, deps, act, id, ifRevision))
}

async function removeWhole(tx: Tx, deps: ChangeDeps, act: Act, id: GroupId, ifRevision?: number): Promise<void> {
  const group = await requireGroup(tx, id)
  holdToRevision(group, ifRevision)
  const atMs = deps.clock.nowMs()
  const about = {
    atMs,
    organizationId: group.organizationId,
    object: { type: 'Group', id, name: group.name },
    revision: group.revision + 1,
  }
  for (;;) {
    const members = await listMemberIds(tx, group, '', membersPerChange)
    if (members.length === 0) break
    await deleteMembers(tx, group, members)
    const touches = members.map((member) => ({ type: memberTypeOf(member), id: member }))
    await record(tx, act, { ...about, type: 'directory.group_members_removed', data: { members }, touches })
  }
  await leaveGroups(tx, id)
  await deleteGroupRow(tx, group)
  await record(tx, act, { ...about, type: 'directory.group_deleted', data: { name: group.name } })
}
