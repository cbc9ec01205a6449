import type { Gate } from '#authorization'
import type { Clock, Entropy } from '#kernel'
import type { Storage } from '#storage'

/** What a change inside an open transaction needs; authorization has been settled before. */
export interface ChangeDeps {
  readonly clock: Clock
  readonly entropy: Entropy
}

/** What the room's use cases need. */
export interface DirectoryDeps extends ChangeDeps {
  readonly storage: Storage
  readonly gate: Gate
}
