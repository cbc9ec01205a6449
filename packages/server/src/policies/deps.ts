import type { Gate, Snapshot } from '#authorization'
import type { Clock, Entropy, OrganizationId, UserId } from '#kernel'
import type { Reader, Storage } from '#storage'

/** What the room's use cases need. */
export interface PoliciesDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly gate: Gate
  readonly snapshot: Snapshot
  /** How people get in, for the guard of sign-in policies; without, it refuses none. */
  readonly waysIn?: WaysIn | undefined
  /** Most resources of one application. */
  readonly resourceQuota?: number | undefined
}

/** What the guard asks of sign-in. */
export interface WaysIn {
  /** Each way in that the person has, as the factors it shows; none for somebody who has nothing to sign in with. */
  find(db: Reader, organization: OrganizationId, user: UserId): Promise<readonly (readonly string[])[]>
  /** Addresses that the people's sessions came from, at most `limit`. */
  addresses(db: Reader, organization: OrganizationId, limit: number): Promise<readonly string[]>
}
