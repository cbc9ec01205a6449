import type { Clock, Entropy } from '#kernel'
import type { Storage } from '#storage'
import type { Snapshot } from './engine/snapshot.ts'
import type { Gate } from './gate/gate.ts'

/** What the room's use cases need. */
export interface AuthorizationDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly snapshot: Snapshot
  readonly gate: Gate
}
