import { deployment, type EntityJson, type EntitySource, type EntityUid, type OwnedEntity } from '#authorization'
import { isId, type OrganizationId } from '#kernel'
import type { Reader } from '#storage'
import { findApplication, listApplications } from '../applications/application.store.ts'
import type { Application } from '../applications/application.ts'
import { findGroup, listGroups } from '../groups/group.store.ts'
import type { Group } from '../groups/group.ts'
import { groupsOfMembers, groupsOfMembersBetween } from '../groups/member.store.ts'
import { findMachine, listMachines } from '../machines/machine.store.ts'
import type { Machine } from '../machines/machine.ts'
import { findOrganization, listOrganizations } from '../organizations/organization.store.ts'
import type { Organization } from '../organizations/organization.ts'
import { findUser, loadUsers, type UserFacts } from '../users/user.store.ts'

const pageRows = 1_000

/**
 * Users, groups, machines, applications and organizations as Cedar entities (docs/architecture.md, "Entities, actions and
 * roles"). `active` is true for what is active in an active organization; tombstones are no entities.
 */
export const directoryEntities: EntitySource = {
  types: ['Organization', 'Group', 'User', 'Machine', 'Application'],

  async *loadAll(db) {
    const closed = new Set<string>()
    let after: string | undefined
    for (;;) {
      const organizations = await listOrganizations(db, { after, limit: pageRows })
      for (const { id, state } of organizations) if (state !== 'active') closed.add(id)
      yield organizations.map(toOrganizationEntity)
      after = organizations.at(-1)?.name
      if (organizations.length < pageRows) break
    }
    const isOpen = (it: Placed) => !closed.has(it.organizationId)
    yield* inPages(db, (page) => listGroups(db, {}, page), toGroupEntity)
    for await (const users of loadUsers(db, pageRows)) {
      const [first, last] = [users[0], users.at(-1)]
      if (first === undefined || last === undefined) continue
      const groups = await groupsOfMembersBetween(db, first.id, last.id)
      yield users.map((user) => toUserEntity(user, groups.get(user.id) ?? [], isOpen(user)))
    }
    yield* inPages(
      db,
      (page) => listMachines(db, {}, page),
      (machine, groups) => toMachineEntity(machine, groups, isOpen(machine)),
    )
    yield* inPages(
      db,
      (page) => listApplications(db, {}, page),
      (application) => toApplicationEntity(application, isOpen(application)),
    )
  },

  async load(db, { type, id }) {
    if (type === 'Organization') {
      const found = isId('org', id) ? await findOrganization(db, id) : undefined
      return found && found.state !== 'deleted' ? toOrganizationEntity(found) : undefined
    }
    if (type === 'Group') {
      const found = isId('group', id) ? await findGroup(db, id) : undefined
      return found && toGroupEntity(found, await groupsOf(db, id))
    }
    if (type === 'User') {
      const found = isId('user', id) ? await findUser(db, id) : undefined
      if (found === undefined || found.state === 'deleted') return undefined
      return toUserEntity(found, await groupsOf(db, id), await isOpenOrganization(db, found))
    }
    if (type === 'Machine') {
      const found = isId('machine', id) ? await findMachine(db, id) : undefined
      if (found === undefined || found.state === 'deleted') return undefined
      return toMachineEntity(found, await groupsOf(db, id), await isOpenOrganization(db, found))
    }
    if (type === 'Application') {
      const found = isId('app', id) ? await findApplication(db, id) : undefined
      if (found === undefined || found.state === 'deleted') return undefined
      return toApplicationEntity(found, await isOpenOrganization(db, found))
    }
    return undefined
  },
}

interface Placed {
  readonly id: string
  readonly organizationId: OrganizationId
}
type Key = readonly [string, string, string]

/** Every row of a list, page by page, with the groups that each is directly in. */
async function* inPages<T extends Placed & ({ readonly name: string } | { readonly username: string })>(
  db: Reader,
  list: (page: { after: Key | undefined; limit: number }) => Promise<T[]>,
  toEntity: (row: T, groups: readonly string[]) => OwnedEntity,
): AsyncGenerator<OwnedEntity[]> {
  let after: Key | undefined
  for (;;) {
    const rows = await list({ after, limit: pageRows })
    const ids = rows.map((row) => row.id)
    const groups = await groupsOfMembers(db, ids)
    yield rows.map((row) => toEntity(row, groups.get(row.id) ?? []))
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageRows) return
    after = [last.organizationId, 'username' in last ? last.username : last.name, last.id]
  }
}

async function groupsOf(db: Reader, id: string): Promise<string[]> {
  return (await groupsOfMembers(db, [id])).get(id) ?? []
}

async function isOpenOrganization(db: Reader, { organizationId }: Placed): Promise<boolean> {
  return (await findOrganization(db, organizationId))?.state === 'active'
}

function owned(
  { id, organizationId }: Placed,
  type: string,
  attrs: Record<string, unknown>,
  groups: readonly string[] = [],
  tags?: Readonly<Record<string, string>>,
): OwnedEntity {
  const organization: EntityUid = { type: 'Organization', id: organizationId }
  const entity: EntityJson = {
    uid: { type, id },
    attrs: { ...attrs, organization: { __entity: organization } },
    parents: [...groups.map((group) => ({ type: 'Group', id: group })), organization],
    ...(tags !== undefined && { tags }),
  }
  return { organizationId, entity }
}

function toOrganizationEntity({ id, name }: Organization): OwnedEntity {
  return {
    organizationId: id,
    entity: { uid: { type: 'Organization', id }, attrs: { name }, parents: [deployment] },
  }
}

function toGroupEntity(group: Group, groups: readonly string[]): OwnedEntity {
  return owned(group, 'Group', { name: group.name }, groups)
}

function toUserEntity(user: UserFacts, groups: readonly string[], open: boolean): OwnedEntity {
  const attrs = {
    username: user.username,
    active: open && user.state === 'active',
    ...(user.email !== undefined && { email: user.email }),
    ...(user.displayName !== undefined && { name: user.displayName }),
  }
  return owned(user, 'User', attrs, groups, user.attributes)
}

function toMachineEntity(machine: Machine, groups: readonly string[], open: boolean): OwnedEntity {
  const owner = { __entity: { type: 'User', id: machine.owner } }
  return owned(machine, 'Machine', { name: machine.name, owner, active: open && machine.state === 'active' }, groups)
}

function toApplicationEntity(application: Application, open: boolean): OwnedEntity {
  const attrs = { name: application.name, active: open && application.state === 'active' }
  return owned(application, 'Application', attrs)
}
