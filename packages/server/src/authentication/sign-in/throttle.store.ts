import { sql } from 'kysely'
import { type Reader, repeatedChange, repeatedRead, type Tx } from '#storage'

interface ThrottleTable {
  key_hash: string
  failures: number
  blocked_until: number
  expires_at: number
}

declare module '#storage' {
  interface Tables {
    sign_in_throttles: ThrottleTable
  }
}

/** The latest end of the waits of these keys; 0 when none has to wait. */
export async function findBlockedUntil(db: Reader, keyHashes: readonly string[], nowMs: number): Promise<number> {
  let until = 0
  for (const keyHash of keyHashes) {
    const [row] = await selectBlocked(db, keyHash, nowMs)
    until = Math.max(until, row?.blocked_until ?? 0)
  }
  return until
}
const selectBlocked = repeatedRead((db) =>
  db.selectFrom('sign_in_throttles').select('blocked_until').where('key_hash', '=', '').where('expires_at', '>', 0),
)

/**
 * Counts an attempt of a key. INVARIANT: counted before the check, so that many at once do not get more tries than many one
 * after another.
 * @returns attempts in a row, this one included
 */
export async function countAttempt(tx: Tx, keyHash: string, nowMs: number, expiresAtMs: number): Promise<number> {
  const [row] = await upsertCount(tx, keyHash, 1, 0, expiresAtMs, nowMs, expiresAtMs)
  return row?.failures ?? 1
}
const upsertCount = repeatedRead((tx: Tx) =>
  tx
    .insertInto('sign_in_throttles')
    .values({ key_hash: '', failures: 1, blocked_until: 0, expires_at: 0 })
    .onConflict((conflict) =>
      conflict.column('key_hash').doUpdateSet({
        failures: sql<number>`case when sign_in_throttles.expires_at <= ${0} then 1 else sign_in_throttles.failures + 1 end`,
        expires_at: 0,
      }),
    )
    .returning('failures'),
)

/** Attempts of a key so far. */
export async function countedAttempts(db: Reader, keyHash: string, nowMs: number): Promise<number> {
  const [row] = await selectCount(db, keyHash, nowMs)
  return row?.failures ?? 0
}
const selectCount = repeatedRead((db) =>
  db.selectFrom('sign_in_throttles').select('failures').where('key_hash', '=', '').where('expires_at', '>', 0),
)

export async function blockUntil(tx: Tx, keyHash: string, untilMs: number): Promise<void> {
  await tx.updateTable('sign_in_throttles').set({ blocked_until: untilMs }).where('key_hash', '=', keyHash).execute()
}

export async function clearAttempts(tx: Tx, keyHashes: readonly string[]): Promise<void> {
  for (const keyHash of keyHashes) await removeCount(tx, keyHash)
}
const removeCount = repeatedChange((tx: Tx) => tx.deleteFrom('sign_in_throttles').where('key_hash', '=', ''))

export async function deleteExpiredThrottles(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('sign_in_throttles').where('expires_at', '<=', nowMs).execute()
}
