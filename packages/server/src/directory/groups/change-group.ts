import { record } from '#feed'
import type { Act, GroupId } from '#kernel'
import type { Tx } from '#storage'
import { about, changedMembers, changedRow, changesOf } from '../changed.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { keepAdministrators } from '../lockout/keep-administrators.ts'
import { onItsOwn } from '../on-its-own.ts'
import { holdToRevision } from '../revision.ts'
import { deleteGroupRow, requireGroup, updateGroupRow } from './group.store.ts'
import { type Group, type GroupChange, membersPerChange, memberTypeOf, parseGroup } from './group.ts'
import { deleteMembers, leaveGroups, listMemberIds } from './member.store.ts'

/** @throws {Fault} `directory.group_unknown`, `directory.invalid`, `directory.name_taken`, `web.revision_conflict` */
export const updateGroup = onItsOwn(requireGroup, 'updateGroup', 'Group', changeGroup)

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
  const after = changedRow(before, parsed, deps.clock.nowMs())
  await updateGroupRow(tx, after)
  await record(tx, act, {
    ...about('Group', after, after.name),
    type: 'directory.group_updated',
    changes: changesOf(before, after, changed),
    data: { changed },
  })
  return after
}

/** @throws {Fault} `directory.group_unknown`, `web.revision_conflict`, `authorization.denied` */
export const deleteGroup = onItsOwn(requireGroup, 'deleteGroup', 'Group', removeGroup)

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
  const gone = about('Group', changedRow(group, {}, deps.clock.nowMs()), group.name)
  for (;;) {
    const members = await listMemberIds(tx, group, '', membersPerChange)
    if (members.length === 0) break
    await deleteMembers(tx, group, members)
    const touches = members.map((member) => ({ type: memberTypeOf(member), id: member }))
    await record(tx, act, { ...gone, type: 'directory.group_members_removed', data: { members }, touches })
  }
  await leaveGroups(tx, id)
  await deleteGroupRow(tx, group)
  await record(tx, act, { ...gone, type: 'directory.group_deleted', data: { name: group.name } })
}
