import { record } from '#feed'
import type { Act, UserId } from '#kernel'
import type { Tx } from '#storage'
import { about, changedMembers, changedRow } from '../changed.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { onItsOwn } from '../on-its-own.ts'
import { holdToRevision } from '../revision.ts'
import { requireUser, updateUserRow } from './user.store.ts'
import { type ParsedUser, parseUser, type User, type UserChange } from './user.ts'

/**
 * Changes the members that are given; null removes.
 * @throws {Fault} `directory.user_unknown`, `directory.invalid`, `directory.name_taken`, `web.revision_conflict`
 */
export const updateUser = onItsOwn(requireUser, 'updateUser', 'User', changeUser)

/** As `updateUser`, inside a transaction whose authorization is settled. */
export async function changeUser(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: UserId,
  change: UserChange,
  ifRevision?: number,
): Promise<User> {
  const given = parseUser(change)
  const before = await requireUser(tx, id)
  holdToRevision(before, ifRevision)
  const parsed = { ...given, emailVerified: isVerified(before, given) }
  const changed = changedMembers(before, parsed)
  if (changed.length === 0) return before
  const after = changedRow(before, parsed, deps.clock.nowMs())
  await updateUserRow(tx, after)
  await record(tx, act, {
    ...about('User', after, after.username),
    type: 'directory.user_updated',
    data: { changed },
  })
  return after
}

/** Another address begins as unverified, and none cannot be verified. */
function isVerified(before: User, given: ParsedUser): boolean {
  const email = 'email' in given ? given.email : before.email
  if (email === undefined) return false
  return given.emailVerified ?? (email === before.email && before.emailVerified)
}
