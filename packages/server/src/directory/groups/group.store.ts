import type { Selectable } from 'kysely'
import { Fault, type GroupId, type OrganizationId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import { findNamed, releaseNames, setNames } from '../names.store.ts'
import { onPage, type PlacePage, pageOverOrganizations } from '../values/organization-pages.ts'
import type { Group, MemberId } from './group.ts'
import '../faults.ts'

interface GroupTable {
  organization_id: string
  id: string
  name: string
  display_name: string
  created_at: number
  updated_at: number
  revision: number
}

interface GroupMemberTable {
  organization_id: string
  group_id: string
  member_id: string
  member_type: string
  added_at: number
}

declare module '#storage' {
  interface Tables {
    groups: GroupTable
    group_members: GroupMemberTable
  }
}

export const groupMigrations: readonly Migration[] = [
  {
    id: '0404_directory_groups',
    sql: `create table groups (organization_id text not null references organizations (id), id text not null,
  name text not null, display_name text not null, created_at int8 not null, updated_at int8 not null,
  revision int8 not null, primary key (organization_id, id));
create unique index groups_by_id on groups (id);
create index groups_by_name on groups (organization_id, name);
create table group_members (organization_id text not null, group_id text not null, member_id text not null,
  member_type text not null, added_at int8 not null, primary key (organization_id, group_id, member_id));
create index group_members_by_member on group_members (member_id, group_id);`,
  },
]

export async function findGroup(db: Reader, id: GroupId): Promise<Group | undefined> {
  const row = await db.selectFrom('groups').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toGroup(row)
}

/** @throws {Fault} `directory.group_unknown` */
export async function requireGroup(db: Reader, id: GroupId): Promise<Group> {
  const found = await findGroup(db, id)
  if (found === undefined) throw new Fault('directory.group_unknown')
  return found
}

export async function findGroupByName(
  db: Reader,
  organizationId: OrganizationId,
  name: string,
): Promise<Group | undefined> {
  const id = await findNamed(db, organizationId, 'group', name)
  return id === undefined ? undefined : findGroup(db, id as GroupId)
}

export interface GroupFilter {
  /** Only of these; undefined for all. */
  readonly organizationIds?: readonly OrganizationId[] | undefined
  readonly name?: string | undefined
  /** Names that begin so. */
  readonly prefix?: string | undefined
  /** Groups that this one is a direct member of. */
  readonly member?: MemberId | undefined
}

/** In the order of (organization, name). */
export function listGroups(db: Reader, filter: GroupFilter, page: PlacePage): Promise<Group[]> {
  return pageOverOrganizations(filter.organizationIds, page, async (part) => {
    let query = db.selectFrom('groups').selectAll().orderBy('organization_id').orderBy('name').orderBy('id')
    query = query.where(onPage(part, { name: filter.name, prefix: filter.prefix?.toLowerCase() }))
    if (filter.member !== undefined) {
      const { member } = filter
      query = query.where('id', 'in', (from) =>
        from.selectFrom('group_members').select('group_id').where('member_id', '=', member),
      )
    }
    return (await query.limit(part.limit).execute()).map(toGroup)
  })
}

/** @throws {Fault} `directory.name_taken` */
export async function insertGroup(tx: Tx, group: Group): Promise<void> {
  await claimName(tx, group)
  await tx.insertInto('groups').values(toRow(group)).execute()
}

/** @throws {Fault} `directory.name_taken` */
export async function updateGroupRow(tx: Tx, group: Group): Promise<void> {
  await claimName(tx, group)
  const { organization_id, id, ...rest } = toRow(group)
  await tx.updateTable('groups').set(rest).where('organization_id', '=', organization_id).where('id', '=', id).execute()
}

export async function deleteGroupRow(tx: Tx, group: Group): Promise<void> {
  await releaseNames(tx, group.id)
  await tx.deleteFrom('groups').where('organization_id', '=', group.organizationId).where('id', '=', group.id).execute()
}

async function claimName(tx: Tx, { id, organizationId, name }: Group): Promise<void> {
  const taken = `There is a group named ${name} in the organization`
  await setNames(tx, organizationId, id, [{ kind: 'group', name, pointer: '/name', taken }])
}

function toRow(group: Group): GroupTable {
  return {
    organization_id: group.organizationId,
    id: group.id,
    name: group.name,
    display_name: group.displayName,
    created_at: group.createdAtMs,
    updated_at: group.updatedAtMs,
    revision: group.revision,
  }
}

export function toGroup(row: Selectable<GroupTable>): Group {
  return {
    id: row.id as GroupId,
    organizationId: row.organization_id as OrganizationId,
    name: row.name,
    displayName: row.display_name,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    revision: row.revision,
  }
}
