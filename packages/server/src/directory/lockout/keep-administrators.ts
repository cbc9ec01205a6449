import { listLastingOwners, lockLastingOwners } from '#authorization'
import { Fault, type UserId } from '#kernel'
import type { Reader, Tx } from '#storage'
import { nextGroups } from '../groups/member.store.ts'

/** With more owners than this nobody is the last one. */
const most = 50

/**
 * Runs a change and refuses it when it takes the last administrator away: the last active user, of an active organization, who
 * owns the whole deployment without an end, herself or through groups. Before there was one, it refuses nothing.
 * @throws {Fault} `authorization.last_owner`, and whatever `change` throws
 */
export async function keepAdministrators<T>(tx: Tx, nowMs: number, change: () => Promise<T>): Promise<T> {
  const before = await activeOwners(tx, nowMs)
  const value = await change()
  if (before.length === 0) return value
  const after = new Set(await activeOwners(tx, nowMs))
  if (before.every((id) => after.has(id))) return value
  if (after.size === 0) throw new Fault('authorization.last_owner')
  // INVARIANT: two who take each other away at the same time write the same rows, so that one of them runs again and sees.
  await lockLastingOwners(tx)
  return value
}

/** Whether somebody can administer everything. */
export async function someAdministratorRemains(db: Reader, nowMs: number): Promise<boolean> {
  return (await activeOwners(db, nowMs)).length > 0
}

/** Active users who own the deployment for good, at most `most`, by id. */
async function activeOwners(db: Reader, nowMs: number): Promise<UserId[]> {
  const holders = await listLastingOwners(db, nowMs)
  const users = holders.filter(({ type }) => type === 'User').map(({ id }) => id)
  const groups = new Set(holders.filter(({ type }) => type === 'Group').map(({ id }) => id))
  for (let level = [...groups]; level.length > 0; ) {
    level = (await nextGroups(db, level, 'down')).filter((id) => !groups.has(id))
    for (const id of level) groups.add(id)
  }
  if (users.length + groups.size === 0) return []
  // PostgreSQL takes no empty list; no id is empty.
  const [userIds, groupIds] = [users, [...groups]].map((ids) => ['', ...ids].slice(0, 500)) as [string[], string[]]
  const rows = await db
    .selectFrom('users')
    .innerJoin('organizations', 'organizations.id', 'users.organization_id')
    .select('users.id')
    .where('users.state', '=', 'active')
    .where('organizations.state', '=', 'active')
    .where((where) =>
      where.or([
        where('users.id', 'in', userIds),
        where('users.id', 'in', (members) =>
          members.selectFrom('group_members').select('member_id').where('group_id', 'in', groupIds),
        ),
      ]),
    )
    .orderBy('users.id')
    .limit(most)
    .execute()
  return rows.map(({ id }) => id as UserId)
}
