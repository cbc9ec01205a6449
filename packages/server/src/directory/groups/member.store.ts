import type { Reader, Tx } from '#storage'
import { type Group, type GroupMember, type MemberId, type MemberType, memberTypeOf } from './group.ts'

/** Parameters of one statement stay far below what the engines take. */
const chunk = 500

export interface MemberFilter {
  readonly type?: MemberType | undefined
}

/** Direct members of a group in the order of their ids, with the names people know them by; tombstones are left out. */
export async function listMembers(
  db: Reader,
  group: Group,
  filter: MemberFilter,
  page: { after?: string | undefined; limit: number },
): Promise<GroupMember[]> {
  let query = db
    .selectFrom('group_members')
    .leftJoin('users', 'users.id', 'group_members.member_id')
    .leftJoin('machines', 'machines.id', 'group_members.member_id')
    .leftJoin('groups', 'groups.id', 'group_members.member_id')
    .select(['group_members.member_id', 'group_members.member_type'])
    .select((row) => row.fn.coalesce('users.username', 'machines.name', 'groups.name').as('name'))
    .where('group_members.organization_id', '=', group.organizationId)
    .where('group_members.group_id', '=', group.id)
    .where((where) => where.or([where('users.state', 'is', null), where('users.state', '!=', 'deleted')]))
    .where((where) => where.or([where('machines.state', 'is', null), where('machines.state', '!=', 'deleted')]))
    .where((row) => row.fn.coalesce('users.id', 'machines.id', 'groups.id'), 'is not', null)
  if (filter.type !== undefined) query = query.where('group_members.member_type', '=', filter.type)
  if (page.after !== undefined) query = query.where('group_members.member_id', '>', page.after)
  const rows = await query.orderBy('group_members.member_id').limit(page.limit).execute()
  return rows.map((row) => ({
    type: row.member_type as MemberType,
    id: row.member_id as MemberId,
    name: row.name as string,
  }))
}

/** Ids of the direct members after one, in order. */
export async function listMemberIds(db: Reader, group: Group, after: string, limit: number): Promise<MemberId[]> {
  const rows = await db
    .selectFrom('group_members')
    .select('member_id')
    .where('organization_id', '=', group.organizationId)
    .where('group_id', '=', group.id)
    .where('member_id', '>', after)
    .orderBy('member_id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.member_id as MemberId)
}

/** The groups that each of these is a direct member of. */
export async function groupsOfMembers(db: Reader, members: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  for (let at = 0; at < members.length; at += chunk) {
    const query = memberships(db).where('member_id', 'in', members.slice(at, at + chunk))
    gather(found, await query.orderBy('group_id').execute())
  }
  return found
}

/** The same for all whose ids lie between two, both counted: one range of an index, however many they are. */
export async function groupsOfMembersBetween(db: Reader, first: string, last: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  const query = memberships(db).where('member_id', '>=', first).where('member_id', '<=', last)
  gather(found, await query.orderBy('member_id').orderBy('group_id').execute())
  return found
}

const memberships = (db: Reader) => db.selectFrom('group_members').select(['member_id', 'group_id'])

function gather(found: Map<string, string[]>, rows: readonly { member_id: string; group_id: string }[]): void {
  for (const row of rows) {
    const groups = found.get(row.member_id)
    if (groups === undefined) found.set(row.member_id, [row.group_id])
    else groups.push(row.group_id)
  }
}

/** Those of `members` that live in the organization of the group. */
export async function livingMembers(db: Reader, group: Group, members: readonly MemberId[]): Promise<Set<MemberId>> {
  const living = new Set<MemberId>()
  const add = (rows: readonly { id: string }[]) => {
    for (const row of rows) living.add(row.id as MemberId)
  }
  const { organizationId } = group
  const users = members.filter((id) => memberTypeOf(id) === 'User')
  const machines = members.filter((id) => memberTypeOf(id) === 'Machine')
  const groups = members.filter((id) => memberTypeOf(id) === 'Group')
  if (users.length > 0) {
    const query = db.selectFrom('users').select('id').where('organization_id', '=', organizationId)
    add(await query.where('id', 'in', users).where('state', '!=', 'deleted').execute())
  }
  if (machines.length > 0) {
    const query = db.selectFrom('machines').select('id').where('organization_id', '=', organizationId)
    add(await query.where('id', 'in', machines).where('state', '!=', 'deleted').execute())
  }
  if (groups.length > 0) {
    const query = db.selectFrom('groups').select('id').where('organization_id', '=', organizationId)
    add(await query.where('id', 'in', groups).execute())
  }
  return living
}

/** Adds those that are not members yet, and says which those were. */
export async function insertMembers(
  tx: Tx,
  group: Group,
  members: readonly MemberId[],
  nowMs: number,
): Promise<MemberId[]> {
  const added: MemberId[] = []
  for (let at = 0; at < members.length; at += chunk) {
    const values = members.slice(at, at + chunk).map((id) => ({
      organization_id: group.organizationId,
      group_id: group.id,
      member_id: id,
      member_type: memberTypeOf(id),
      added_at: nowMs,
    }))
    const rows = await tx
      .insertInto('group_members')
      .values(values)
      .onConflict((conflict) => conflict.doNothing())
      .returning('member_id')
      .execute()
    added.push(...rows.map((row) => row.member_id as MemberId))
  }
  return added
}

/** Removes those that are members, and says which those were. */
export async function deleteMembers(tx: Tx, group: Group, members: readonly MemberId[]): Promise<MemberId[]> {
  const removed: MemberId[] = []
  for (let at = 0; at < members.length; at += chunk) {
    const rows = await tx
      .deleteFrom('group_members')
      .where('organization_id', '=', group.organizationId)
      .where('group_id', '=', group.id)
      .where('member_id', 'in', members.slice(at, at + chunk))
      .returning('member_id')
      .execute()
    removed.push(...rows.map((row) => row.member_id as MemberId))
  }
  return removed
}

/** Takes one out of every group it is directly in. */
export async function leaveGroups(tx: Tx, member: MemberId): Promise<void> {
  await tx.deleteFrom('group_members').where('member_id', '=', member).execute()
}

/** The other end of the edges between groups that begin at `ids`: their members that are groups, or the groups they are in. */
export async function nextGroups(db: Reader, ids: readonly string[], way: 'down' | 'up'): Promise<string[]> {
  const found = new Set<string>()
  for (let at = 0; at < ids.length; at += chunk) {
    const some = ids.slice(at, at + chunk)
    const query = db.selectFrom('group_members').where('member_type', '=', 'Group')
    if (way === 'down') {
      for (const row of await query.select('member_id as id').where('group_id', 'in', some).distinct().execute())
        found.add(row.id)
    } else {
      for (const row of await query.select('group_id as id').where('member_id', 'in', some).distinct().execute())
        found.add(row.id)
    }
  }
  return [...found]
}
