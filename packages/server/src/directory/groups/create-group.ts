import { record } from '#feed'
import { type Act, newId, type OrganizationId } from '#kernel'
import type { Tx, Written } from '#storage'
import type { ChangeDeps, DirectoryDeps } from '../deps.ts'
import '../events.ts'
import { requireActiveOrganization, requireOrganization } from '../organizations/organization.store.ts'
import { insertGroup } from './group.store.ts'
import { type Group, type GroupInput, parseGroup } from './group.ts'

/**
 * @throws {Fault} `directory.organization_unknown`, `directory.organization_closed`, `directory.invalid`,
 * `directory.name_taken`, `authorization.denied`
 */
export async function createGroup(
  deps: DirectoryDeps,
  act: Act,
  organizationId: OrganizationId,
  input: GroupInput,
): Promise<Written<Group>> {
  await requireOrganization(deps.storage.db, organizationId)
  deps.gate.require(act, 'createGroup', { type: 'Organization', id: organizationId })
  return deps.storage.write((tx) => addGroup(tx, deps, act, organizationId, input))
}

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
    type: 'directory.group_created',
    atMs: nowMs,
    organizationId,
    object: { type: 'Group', id: group.id, name: group.name },
    revision: 1,
    data: { name: group.name },
  })
  return group
}
