import { record } from '#feed'
import { type Act, newId, type OrganizationId } from '#kernel'
import type { Tx } from '#storage'
import { about } from '../changed.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { onItsOwn } from '../on-its-own.ts'
import { requireActiveOrganization, requireOrganization } from '../organizations/organization.store.ts'
import { insertGroup } from './group.store.ts'
import { type Group, type GroupInput, parseGroup } from './group.ts'

/**
 * @throws {Fault} `directory.organization_unknown`, `directory.organization_closed`, `directory.invalid`,
 * `directory.name_taken`, `authorization.denied`
 */
export const createGroup = onItsOwn(requireOrganization, 'createGroup', 'Organization', addGroup)

/** As `createGroup`, inside a transaction whose authorization is settled. */
export async function addGroup(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  organizationId: OrganizationId,
  input: GroupInput,
): Promise<Group> {
  const parsed = parseGroup(input)
  await requireActiveOrganization(tx, organizationId)
  const nowMs = deps.clock.nowMs()
  const group: Group = {
    id: newId('group', deps),
    organizationId,
    name: input.name,
    displayName: parsed.displayName ?? input.name,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 1,
  }
  await insertGroup(tx, group)
  await record(tx, act, {
    ...about('Group', group, group.name),
    type: 'directory.group_created',
    data: { name: group.name },
  })
  return group
}
