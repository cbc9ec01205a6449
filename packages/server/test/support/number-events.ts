import type { Storage } from '#storage'

/**
 * Waits until every committed event has its position. One call of `storage.numberEvents` is not enough on PostgreSQL: the
 * server under test may be at it, and transactions of other tests in the same PostgreSQL hold the numbering back for a moment.
 */
export async function numberAllEvents(storage: Storage): Promise<void> {
  while ((await storage.unnumberedSinceMs()) !== undefined) {
    await storage.numberEvents()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
