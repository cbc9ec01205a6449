import type { Storage, Tx } from '#storage'

/** Rolls a transaction back without being a fault. */
export class UsedUp extends Error {}

/** Undefined when something that can be used once was used meanwhile: nothing is kept then. */
export function transactUnlessUsed<T>(storage: Storage, body: (tx: Tx) => Promise<T>): Promise<T | undefined> {
  return storage.transact(body).catch((error) => {
    if (error instanceof UsedUp) return undefined
    throw error
  })
}
