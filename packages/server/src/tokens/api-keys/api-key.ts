import type { ApplicationId, Id, MachineId, OrganizationId, UserId } from '#kernel'

export type ApiKeyId = Id<'apikey'>
export type ApiKeyOwner = UserId | MachineId

/** What stands for Gatehouse's own API among the places where a key counts. */
export const ownApi = 'gatehouse'

/** A long-lived bearer credential of a person or a machine: expiring, limited in place and scope, and kept as a hash only. */
export interface ApiKey {
  readonly id: ApiKeyId
  readonly organizationId: OrganizationId
  /** The person or machine that it speaks for, and that it ends with. */
  readonly owner: ApiKeyOwner
  /** What it is for, as its owner calls it. */
  readonly name: string
  /** Where it counts: applications by id, or `gatehouse` alone for our own API. Never empty. */
  readonly applications: readonly (ApplicationId | typeof ownApi)[]
  /**
   * The only actions that it is for. At an application: names of its policies' actions, none for all that its owner may there. At our
   * own API: names of Gatehouse's actions, or `gatehouse` for all that its owner may.
   */
  readonly scopes: readonly string[]
  /** How surely the person had proved who they are when they made it: what our own API asks of administrators. */
  readonly acr: string | undefined
  readonly issuedAtMs: number
  /** From then on it is refused. */
  readonly expiresAtMs: number
  /** To the quarter of an hour; undefined: not yet. */
  readonly usedAtMs: number | undefined
  readonly revokedAtMs: number | undefined
}

const day = 86_400
/** Seconds. Organizations can set less: `settings.tokens.keyDays`. */
export const apiKeyLifetimes = { usual: 90 * day, most: 366 * day } as const
/** Live keys of one owner. */
export const apiKeysMost = 50

export type ApiKeyState = 'active' | 'expired' | 'revoked'

export function stateOf({ revokedAtMs, expiresAtMs }: ApiKey, nowMs: number): ApiKeyState {
  return revokedAtMs !== undefined ? 'revoked' : expiresAtMs <= nowMs ? 'expired' : 'active'
}
