// Fills a directory through its own stores, events and all, as an import does: for benches that need people.
import {
  activateUsersIn,
  addGroup,
  addUsers,
  type ChangeDeps,
  changeMembersIn,
  type Group,
  membersPerChange,
  type Organization,
  type User,
} from '#directory'
import type { Act } from '#kernel'
import type { ConsistencyToken, Storage } from '#storage'

export interface Filling {
  /** Active users, `u0`, `u1`, …, each with an address at `example.com` and a tag `department`. */
  readonly users: number
  /** Groups `g0`, `g1`, …, each in the group half its number, so that they nest log2 deep (at most 2^16 of them). */
  readonly groups: number
  /** In how many groups each user is. */
  readonly groupsPerUser: number
}

export interface Filled {
  readonly users: readonly Pick<User, 'id' | 'username'>[]
  readonly groups: readonly Group[]
  /** The last write: wait for it and all of it is seen. */
  readonly at: ConsistencyToken
}

const usersPerTransaction = 2_000
const act: Act = { actor: { type: 'system', name: 'bench' }, requestId: 'fill' }

/** Adds users and groups to an organization that has none of these names. */
export async function fillDirectory(
  deps: ChangeDeps & { readonly storage: Storage },
  organization: Organization,
  filling: Filling,
): Promise<Filled> {
  const { storage } = deps
  const groups: Group[] = []
  let { at } = await storage.write(async (tx) => {
    groups.length = 0
    for (let number = 0; number < filling.groups; number++) {
      const group = await addGroup(tx, deps, act, organization.id, { name: `g${number}` })
      groups.push(group)
      const parent = groups[number >> 1] as Group
      if (number > 0) await changeMembersIn(tx, deps, act, parent.id, { add: [group.id] })
    }
  })
  const users: Pick<User, 'id' | 'username'>[] = []
  for (let from = 0; from < filling.users; from += usersPerTransaction) {
    const count = Math.min(usersPerTransaction, filling.users - from)
    const inputs = Array.from({ length: count }, (_, index) => ({
      username: `u${from + index}`,
      email: `u${from + index}@example.com`,
      attributes: { department: `d${(from + index) % 20}` },
    }))
    const written = await storage.write(async (tx) => {
      const added = await addUsers(tx, deps, act, organization.id, inputs)
      await activateUsersIn(
        tx,
        deps,
        act,
        added.map((user) => user.id),
      )
      const members = new Map<Group, User['id'][]>()
      for (const [index, user] of added.entries()) {
        for (let turn = 0; turn < Math.min(filling.groupsPerUser, groups.length); turn++) {
          // Spread over all groups; two turns of one user never meet.
          const group = groups[((from + index) * 7 + turn) % groups.length] as Group
          members.set(group, [...(members.get(group) ?? []), user.id])
        }
      }
      for (const [group, ids] of members)
        for (let first = 0; first < ids.length; first += membersPerChange)
          await changeMembersIn(tx, deps, act, group.id, { add: ids.slice(first, first + membersPerChange) })
      return added
    })
    at = written.at
    for (const { id, username } of written.value) users.push({ id, username })
  }
  return { users, groups, at }
}
