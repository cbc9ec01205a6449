import type { Tx } from '#storage'
import '../links/link.store.ts'
import '../sign-in/attempt.store.ts'
import '../sign-in/device.store.ts'

/**
 * Voids what lets somebody in by itself or halfway, of everybody: one-time links, sign-ins under way, browsers that skip the second factor.
 * INVARIANT: what works once works once, although a backup does not know that it has.
 * @returns how many links could have been used
 */
export async function voidEntries(tx: Tx, nowMs: number): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('one_time_links')
    .where('used_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .executeTakeFirstOrThrow()
  await tx.deleteFrom('sign_in_attempts').execute()
  await tx.updateTable('known_devices').set({ trusted_until: null }).where('trusted_until', 'is not', null).execute()
  return Number(numDeletedRows)
}
