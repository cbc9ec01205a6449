import type { Clock, Entropy } from '#kernel'
import type { Storage, Tx } from '#storage'
import type { Snapshot } from './engine/snapshot.ts'
import type { Gate } from './gate/gate.ts'

/** What the room's use cases need. */
export interface AuthorizationDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly snapshot: Snapshot
  readonly gate: Gate
  /**
   * Runs a change of grants and refuses it when it takes the last administrator away (`authorization.last_owner`): implemented by
   * the room that knows who is active.
   */
  readonly keepAdministrators: (<T>(tx: Tx, nowMs: number, change: () => Promise<T>) => Promise<T>) | undefined
  /** Most resources of one application. Default: 1,000,000. */
  readonly resourceQuota?: number | undefined
}
