import { Fault, type GroupId, isId, type MachineId, type OrganizationId, type UserId } from '#kernel'
import { Problems } from '../values/problems.ts'
import { parseDisplayName, parseSlug } from '../values/text.ts'

/** A set of users, machines and groups of one organization. */
export interface Group {
  readonly id: GroupId
  readonly organizationId: OrganizationId
  /** Unique in the organization; a DNS label. */
  readonly name: string
  readonly displayName: string
  readonly createdAtMs: number
  readonly updatedAtMs: number
  /** Counts changes of the members too. */
  readonly revision: number
}

export type MemberId = UserId | MachineId | GroupId
export const memberTypes = ['User', 'Machine', 'Group'] as const
export type MemberType = (typeof memberTypes)[number]

export interface GroupMember {
  readonly type: MemberType
  readonly id: MemberId
  /** The user name, or the name of the machine or group. */
  readonly name: string
}

/** A group in a group in a group…: at most this many. */
export const groupDepthMost = 16
/** Members that one change may name. */
export const membersPerChange = 500

export interface GroupInput {
  readonly name: string
  readonly displayName?: string
}
export type GroupChange = Partial<GroupInput>

/** @throws {Fault} `directory.group_unknown` for what is not even an id */
export function parseGroupId(text: unknown): GroupId {
  if (!isId('group', text)) throw new Fault('directory.group_unknown')
  return text
}

/** @throws {Fault} `directory.member_unknown` for what is not an id of anything that can be a member */
export function parseMemberId(text: unknown): MemberId {
  if (isId('user', text) || isId('machine', text) || isId('group', text)) return text
  throw new Fault('directory.member_unknown')
}

export function memberTypeOf(id: MemberId): MemberType {
  return id.startsWith('user_') ? 'User' : id.startsWith('machine_') ? 'Machine' : 'Group'
}

/** Checks and normalises the members that are given. @throws {Fault} `directory.invalid` */
export function parseGroup({ name, displayName }: GroupChange): GroupChange {
  const problems = new Problems()
  const parsed = {
    ...(name !== undefined && { name: parseSlug(problems, '/name', name) }),
    ...(displayName !== undefined && { displayName: parseDisplayName(problems, '/displayName', displayName) }),
  }
  problems.throwIfAny()
  return parsed
}
