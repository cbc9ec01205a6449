import { Fault, isId, type OrganizationId, type UserId } from '#kernel'
import type { Transitions } from '../lifecycle.ts'
import { parseEmail } from '../values/email.ts'
import { Problems } from '../values/problems.ts'
import { parseAttributes, parseDisplayName } from '../values/text.ts'
import { parseUsername } from '../values/username.ts'

export const userStates = ['invited', 'active', 'suspended', 'deactivated', 'deleted'] as const
export type UserState = (typeof userStates)[number]

/** A person of an organization. */
export interface User {
  readonly id: UserId
  readonly organizationId: OrganizationId
  /** Unique in the organization, in normalised form (`values/username.ts`). A tombstone's is its id. */
  readonly username: string
  /** Unique in the organization, together with user names. */
  readonly email: string | undefined
  /** Whether the person is known to read the address. INVARIANT: of this address; another one begins as unverified. */
  readonly emailVerified: boolean
  readonly displayName: string | undefined
  /** The organization's own facts about the person; policies see them as tags. */
  readonly attributes: Readonly<Record<string, string>>
  readonly state: UserState
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly revision: number
}

export type UserTransition = 'invite' | 'activate' | 'suspend' | 'deactivate' | 'delete'

/**
 * `invited` may enrol, `active` may sign in, `suspended` is stopped for now, `deactivated` has left, `deleted` is a
 * tombstone. Whoever comes back after leaving is invited (and enrols anew) or activated (as before).
 */
export const userTransitions: Transitions<UserState, UserTransition> = {
  invite: { from: ['deactivated'], to: 'invited' },
  activate: { from: ['invited', 'suspended', 'deactivated'], to: 'active' },
  suspend: { from: ['active'], to: 'suspended' },
  deactivate: { from: ['invited', 'active', 'suspended'], to: 'deactivated' },
  delete: { from: ['invited', 'active', 'suspended', 'deactivated'], to: 'deleted' },
}

export interface UserInput {
  readonly username: string
  readonly email?: string | null
  readonly emailVerified?: boolean
  readonly displayName?: string | null
  readonly attributes?: Readonly<Record<string, string>>
}
/** Absent members stay as they are; null removes. */
export type UserChange = Partial<UserInput>

export interface ParsedUser {
  readonly username?: string
  readonly email?: string | undefined
  readonly emailVerified?: boolean
  readonly displayName?: string | undefined
  readonly attributes?: Readonly<Record<string, string>>
}

/** @throws {Fault} `directory.user_unknown` for what is not even an id */
export function parseUserId(text: unknown): UserId {
  if (!isId('user', text)) throw new Fault('directory.user_unknown')
  return text
}

/** Checks and normalises the members that are given. @throws {Fault} `directory.invalid` */
export function parseUser({ username, email, emailVerified, displayName, attributes }: UserChange): ParsedUser {
  const problems = new Problems()
  const parsed: ParsedUser = {
    ...(username !== undefined && { username: parseUsername(problems, '/username', username) }),
    ...(email !== undefined && { email: email === null ? undefined : parseEmail(problems, '/email', email) }),
    ...(emailVerified !== undefined && { emailVerified }),
    ...(displayName !== undefined && {
      displayName: displayName === null ? undefined : parseDisplayName(problems, '/displayName', displayName),
    }),
    ...(attributes !== undefined && { attributes: parseAttributes(problems, '/attributes', attributes) }),
  }
  problems.throwIfAny()
  return parsed
}
