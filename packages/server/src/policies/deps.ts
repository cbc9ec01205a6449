import type { Gate, Snapshot } from '#authorization'
import type { Clock, Entropy } from '#kernel'
import type { Storage } from '#storage'

/** What the room's use cases need. */
export interface PoliciesDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly gate: Gate
  readonly snapshot: Snapshot
  /** Most resources of one application. */
  readonly resourceQuota?: number | undefined
}
