import { sql } from 'kysely'
import type { Reader, Tx } from '#storage'

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
  const { until } = await db
    .selectFrom('sign_in_throttles')
    .select((select) => select.fn.max<number | null>('blocked_until').as('until'))
    .where('key_hash', 'in', keyHashes)
    .where('expires_at', '>', nowMs)
    .executeTakeFirstOrThrow()
  return Number(until ?? 0)
}

/**
 * Counts an attempt of a key. INVARIANT: counted before the check, so that many at once do not get more tries than many one
 * after another.
 * @returns attempts in a row, this one included
 */
export async function countAttempt(tx: Tx, keyHash: string, nowMs: number, expiresAtMs: number): Promise<number> {
  const { failures } = await tx
    .insertInto('sign_in_throttles')
    .values({ key_hash: keyHash, failures: 1, blocked_until: 0, expires_at: expiresAtMs })
    .onConflict((conflict) =>
      conflict.column('key_hash').doUpdateSet({
        failures: sql<number>`case when sign_in_throttles.expires_at <= ${nowMs} then 1 else sign_in_throttles.failures + 1 end`,
        expires_at: expiresAtMs,
      }),
    )
    .returning('failures')
    .executeTakeFirstOrThrow()
  return failures
}

/** Attempts of a key so far. */
export async function countedAttempts(db: Reader, keyHash: string, nowMs: number): Promise<number> {
  const row = await db
    .selectFrom('sign_in_throttles')
    .select('failures')
    .where('key_hash', '=', keyHash)
    .where('expires_at', '>', nowMs)
    .executeTakeFirst()
  return row?.failures ?? 0
}

export async function blockUntil(tx: Tx, keyHash: string, untilMs: number): Promise<void> {
  await tx.updateTable('sign_in_throttles').set({ blocked_until: untilMs }).where('key_hash', '=', keyHash).execute()
}

export async function clearAttempts(tx: Tx, keyHashes: readonly string[]): Promise<void> {
  if (keyHashes.length === 0) return
  await tx.deleteFrom('sign_in_throttles').where('key_hash', 'in', keyHashes).execute()
}

export async function deleteExpiredThrottles(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('sign_in_throttles').where('expires_at', '<=', nowMs).execute()
}
