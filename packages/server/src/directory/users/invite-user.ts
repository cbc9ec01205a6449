import { type NewEvent, record, recordAll } from '#feed'
import { type Act, newId, type OrganizationId } from '#kernel'
import type { Tx } from '#storage'
import { about } from '../changed.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { onItsOwn } from '../on-its-own.ts'
import { requireActiveOrganization, requireOrganization } from '../organizations/organization.store.ts'
import { insertUser, insertUsers } from './user.store.ts'
import { parseUser, type User, type UserInput } from './user.ts'

/**
 * Makes a user in state `invited`.
 * @throws {Fault} `directory.organization_unknown`, `directory.organization_closed`, `directory.invalid`,
 * `directory.name_taken`, `authorization.denied`
 */
export const inviteUser = onItsOwn(requireOrganization, 'inviteUser', 'Organization', addUser)

/** As `inviteUser`, inside a transaction whose authorization is settled. */
export async function addUser(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  organizationId: OrganizationId,
  input: UserInput,
): Promise<User> {
  const user = makeUser(deps, organizationId, input)
  await requireActiveOrganization(tx, organizationId)
  await insertUser(tx, user)
  await record(tx, act, invited(user))
  return user
}

/**
 * Many users of one organization in one transaction, all or none: for imports.
 * @throws {Fault} as `addUser`, for the first that is wrong
 */
export async function addUsers(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  organizationId: OrganizationId,
  inputs: readonly UserInput[],
): Promise<User[]> {
  const users = inputs.map((input) => makeUser(deps, organizationId, input))
  await requireActiveOrganization(tx, organizationId)
  await insertUsers(tx, organizationId, users)
  await recordAll(tx, act, users.map(invited))
  return users
}

function makeUser(deps: ChangeDeps, organizationId: OrganizationId, input: UserInput): User {
  const parsed = parseUser(input)
  const nowMs = deps.clock.nowMs()
  return {
    id: newId('user', deps),
    organizationId,
    username: parsed.username as string,
    email: parsed.email,
    emailVerified: parsed.email !== undefined && parsed.emailVerified === true,
    displayName: parsed.displayName,
    attributes: parsed.attributes ?? {},
    state: 'invited',
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 1,
  }
}

function invited(user: User): NewEvent<'directory.user_invited'> {
  return {
    ...about('User', user, user.username),
    type: 'directory.user_invited',
    data: { from: 'none', to: 'invited' },
  }
}
