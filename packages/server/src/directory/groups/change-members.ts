import { record } from '#feed'
import { type Act, Fault, type GroupId } from '#kernel'
import type { Tx } from '#storage'
import { about, changedRow } from '../changed.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import '../faults.ts'
import { keepAdministrators } from '../lockout/keep-administrators.ts'
import { onItsOwn } from '../on-its-own.ts'
import { lockGroupGraph } from '../organizations/organization.store.ts'
import { holdToRevision } from '../revision.ts'
import { requireGroup, updateGroupRow } from './group.store.ts'
import { type Group, type MemberId, membersPerChange, memberTypeOf } from './group.ts'
import { deleteMembers, insertMembers, livingMembers } from './member.store.ts'
import { refuseBadNesting } from './nesting.ts'

export interface MembersChange {
  readonly add?: readonly MemberId[]
  readonly remove?: readonly MemberId[]
}

/**
 * Adds and removes direct members, all or none; who is already in or out is no error.
 * @throws {Fault} `directory.group_unknown`, `directory.member_unknown`, `directory.group_cycle`, `directory.group_too_deep`,
 * `directory.too_many`, `web.revision_conflict`, `authorization.denied`
 */
export const changeMembers = onItsOwn(requireGroup, 'changeMembers', 'Group', changeMembersIn)

/** As `changeMembers`, inside a transaction whose authorization is settled. */
export async function changeMembersIn(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: GroupId,
  change: MembersChange,
  ifRevision?: number,
): Promise<Group> {
  const wanted = [...new Set(change.add ?? [])]
  const unwanted = [...new Set(change.remove ?? [])]
  if (wanted.length + unwanted.length > membersPerChange) {
    throw new Fault('directory.too_many', { detail: `One change names at most ${membersPerChange} members` })
  }
  const before = await requireGroup(tx, id)
  holdToRevision(before, ifRevision)
  const remove = () => deleteMembers(tx, before, unwanted)
  const removed = unwanted.length === 0 ? [] : await keepAdministrators(tx, deps.clock.nowMs(), remove)
  const living = await livingMembers(tx, before, wanted)
  const unknown = wanted.find((member) => !living.has(member))
  if (unknown !== undefined) throw new Fault('directory.member_unknown', { extra: { member: unknown } })
  const groups = wanted.filter((member): member is GroupId => memberTypeOf(member) === 'Group')
  if (groups.length > 0) await lockGroupGraph(tx, before.organizationId)
  for (const child of groups) await refuseBadNesting(tx, id, child)
  const atMs = deps.clock.nowMs()
  const added = await insertMembers(tx, before, wanted, atMs)
  if (added.length + removed.length === 0) return before
  // INVARIANT: every change of members changes the group's row, so that it meets a deletion of the group at the same time.
  const after = changedRow(before, {}, atMs)
  await updateGroupRow(tx, after)
  const told = about('Group', after, before.name)
  const touching = (members: readonly MemberId[]) =>
    members.map((member) => ({ type: memberTypeOf(member), id: member }))
  if (removed.length > 0) {
    const touches = touching(removed)
    await record(tx, act, { ...told, type: 'directory.group_members_removed', data: { members: removed }, touches })
  }
  if (added.length > 0) {
    const touches = touching(added)
    await record(tx, act, { ...told, type: 'directory.group_members_added', data: { members: added }, touches })
  }
  return after
}
