import { Fault, isId, type MachineId, type OrganizationId, type UserId } from '#kernel'
import { type KeyEnds, type KeyInput, keysMost, parseKeys } from '../credentials/client-key.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { Transitions } from '../lifecycle.ts'
import { parseTrusts, type Trust, type TrustInput } from '../trusts/trust.ts'
import { parseLifetime, parseScopes } from '../values/client.ts'
import { Problems } from '../values/problems.ts'
import { parseDisplayName, parseSlug } from '../values/text.ts'

export const machineStates = ['active', 'suspended', 'deactivated', 'deleted'] as const
export type MachineState = (typeof machineStates)[number]
export const machineAuthMethods = ['client_secret_basic', 'private_key_jwt'] as const

/** A program that acts for itself (a service account). Its id is its `client_id` at the token endpoint. */
export interface Machine {
  readonly id: MachineId
  readonly organizationId: OrganizationId
  /** Unique in the organization; a DNS label. A tombstone's is its id. */
  readonly name: string
  readonly displayName: string
  /** The user who answers for it. */
  readonly owner: UserId
  /** Never with `none`. */
  readonly credentials: Credentials
  readonly scopes: readonly string[]
  readonly accessTokenSeconds: number
  /** Outside workloads that may be it. */
  readonly trusts: readonly Trust[]
  readonly state: MachineState
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly revision: number
}

export type MachineTransition = 'activate' | 'suspend' | 'deactivate' | 'delete'
export const machineTransitions: Transitions<MachineState, MachineTransition> = {
  activate: { from: ['suspended', 'deactivated'], to: 'active' },
  suspend: { from: ['active'], to: 'suspended' },
  deactivate: { from: ['active', 'suspended'], to: 'deactivated' },
  delete: { from: ['active', 'suspended', 'deactivated'], to: 'deleted' },
}

export interface MachineInput {
  readonly name: string
  readonly owner: string
  readonly displayName?: string
  readonly authMethod?: (typeof machineAuthMethods)[number]
  readonly keys?: readonly KeyInput[]
  readonly scopes?: readonly string[]
  readonly accessTokenSeconds?: number
  readonly trusts?: readonly TrustInput[]
}
export type MachineChange = Partial<MachineInput>

/** @throws {Fault} `directory.machine_unknown` for what is not even an id */
export function parseMachineId(text: unknown): MachineId {
  if (!isId('machine', text)) throw new Fault('directory.machine_unknown')
  return text
}

/**
 * The machine as it is after a change: members that are given replace what was, `keys` all keys.
 * @param ends how long keys may live; left out, they are taken as they are given
 * @throws {Fault} `directory.invalid`
 */
export function applyMachineChange(before: Machine, change: MachineChange, nowMs: number, ends?: KeyEnds): Machine {
  const problems = new Problems()
  const { name, owner, displayName, authMethod, keys, scopes, accessTokenSeconds, trusts } = change
  const credentials: Credentials = {
    ...before.credentials,
    ...(authMethod !== undefined && { authMethod }),
    // Whoever leaves secrets leaves the old ones for good.
    ...(authMethod === 'private_key_jwt' && { secrets: [] }),
    ...(keys !== undefined && { keys: parseKeys(problems, '/keys', keys, before.credentials.keys, nowMs, ends) }),
  }
  const after: Machine = {
    ...before,
    ...(name !== undefined && { name: parseSlug(problems, '/name', name) }),
    ...(owner !== undefined && { owner: parseOwner(problems, owner) ?? before.owner }),
    ...(displayName !== undefined && { displayName: parseDisplayName(problems, '/displayName', displayName) }),
    ...(scopes !== undefined && { scopes: parseScopes(problems, '/scopes', scopes) }),
    ...(accessTokenSeconds !== undefined && {
      accessTokenSeconds: parseLifetime(problems, '/accessTokenSeconds', accessTokenSeconds, [30, 3_600]),
    }),
    ...(trusts !== undefined && {
      trusts: parseTrusts(problems, '/trusts', trusts, before.trusts, { machineId: before.id, nowMs }),
    }),
    credentials,
  }
  if (credentials.authMethod === 'private_key_jwt') {
    const says = `must have 1 to ${keysMost} items with private_key_jwt`
    problems.check(credentials.keys.length > 0, '/keys', says)
  }
  problems.throwIfAny()
  return after
}

function parseOwner(problems: Problems, text: string): UserId | undefined {
  if (isId('user', text)) return text
  problems.add('/owner', 'must be the id of a user')
  return undefined
}
