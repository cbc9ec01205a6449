import { record, recordAll } from '#feed'
import { type Act, Fault, type UserId } from '#kernel'
import type { Tx } from '#storage'
import { about, changedRow, type MoveOptions, moved } from '../changed.ts'
import type { ChangeDeps, DirectoryDeps } from '../deps.ts'
import '../events.ts'
import { leaveGroups } from '../groups/member.store.ts'
import { move } from '../lifecycle.ts'
import { keepAdministrators } from '../lockout/keep-administrators.ts'
import { recordOrphans } from '../machines/orphan-machines.ts'
import { onItsOwn } from '../on-its-own.ts'
import { holdToRevision } from '../revision.ts'
import { findUsers, requireUser, updateUserRow, updateUserStates } from './user.store.ts'
import { type User, type UserTransition, userTransitions } from './user.ts'

const transitions = {
  invite: { action: 'inviteUser', event: 'directory.user_invited' },
  activate: { action: 'activateUser', event: 'directory.user_activated' },
  suspend: { action: 'suspendUser', event: 'directory.user_suspended' },
  deactivate: { action: 'deactivateUser', event: 'directory.user_deactivated' },
  delete: { action: 'deleteUser', event: 'directory.user_deleted' },
} as const

/**
 * One named transition of a user's state. Sessions, tokens and the snapshot follow its event.
 * @throws {Fault} `directory.user_unknown`, `directory.transition_refused`, `web.revision_conflict`, `authorization.denied`
 */
export const moveUser = onItsOwn(requireUser, (transition) => transitions[transition].action, 'User', moveUserIn)

/** As `moveUser`, inside a transaction whose authorization is settled. */
export async function moveUserIn(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: UserId,
  transition: UserTransition,
  options: MoveOptions = {},
): Promise<User> {
  const before = await requireUser(tx, id)
  holdToRevision(before, options.ifRevision)
  const state = move(userTransitions, before.state, transition)
  const atMs = deps.clock.nowMs()
  // The tombstone keeps what other records refer to (the id) and nothing of the person.
  const erased =
    state === 'deleted'
      ? { username: id as string, email: undefined, emailVerified: false, displayName: undefined, attributes: {} }
      : {}
  const after = changedRow(before, { ...erased, state }, atMs)
  const change = async () => {
    await updateUserRow(tx, after)
    if (state === 'deleted') await leaveGroups(tx, id)
  }
  await (before.state === 'active' ? keepAdministrators(tx, atMs, change) : change())
  await record(tx, act, {
    ...about('User', after, state === 'deleted' ? undefined : before.username),
    type: transitions[transition].event,
    data: moved(before, after, options.reason),
  })
  const leaves = state === 'deactivated' || (state === 'deleted' && before.state !== 'deactivated')
  if (leaves) await recordOrphans(tx, act, before, atMs)
  return after
}

/**
 * Activates many users inside a transaction whose authorization is settled, all or none: for imports.
 * @throws {Fault} `directory.user_unknown`, `directory.transition_refused`
 */
export async function activateUsersIn(tx: Tx, deps: ChangeDeps, act: Act, ids: readonly UserId[]): Promise<void> {
  const users = await findUsers(tx, ids)
  if (users.length !== new Set(ids).size || users.some((user) => user.state === 'deleted'))
    throw new Fault('directory.user_unknown')
  const atMs = deps.clock.nowMs()
  const events = users.map((user) => ({
    ...about('User', changedRow(user, {}, atMs), user.username),
    type: transitions.activate.event,
    data: { from: user.state, to: move(userTransitions, user.state, 'activate') },
  }))
  await updateUserStates(tx, ids, 'active', atMs)
  await recordAll(tx, act, events)
}

export const activateUser = (deps: DirectoryDeps, act: Act, id: UserId, options?: MoveOptions) =>
  moveUser(deps, act, id, 'activate', options)
export const suspendUser = (deps: DirectoryDeps, act: Act, id: UserId, options?: MoveOptions) =>
  moveUser(deps, act, id, 'suspend', options)
export const deactivateUser = (deps: DirectoryDeps, act: Act, id: UserId, options?: MoveOptions) =>
  moveUser(deps, act, id, 'deactivate', options)
export const deleteUser = (deps: DirectoryDeps, act: Act, id: UserId, options?: MoveOptions) =>
  moveUser(deps, act, id, 'delete', options)
export const reinviteUser = (deps: DirectoryDeps, act: Act, id: UserId, options?: MoveOptions) =>
  moveUser(deps, act, id, 'invite', options)
