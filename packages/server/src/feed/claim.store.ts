import { type Act, Fault, type OnceKey } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import type { ObjectRef } from './events.ts'
import './faults.ts'

interface ClaimTable {
  scope: string
  key: string
  fingerprint: string
  attempt: string
  at: number
  request_id: string
  object_type: string
  object_id: string
  /** Sealed; null until the request has been answered. */
  answer: Uint8Array | null
}

declare module '#storage' {
  interface Tables {
    request_claims: ClaimTable
  }
}

export const claimMigration: Migration = {
  id: '0002_feed_request_claims',
  sql: `create table request_claims (scope text not null, key text not null, fingerprint text not null, attempt text not null,
  at int8 not null, request_id text not null, object_type text not null, object_id text not null, answer bytea,
  primary key (scope, key));
create index request_claims_by_time on request_claims (at);`,
}

/** A change that was made under an Idempotency-Key, with the answer that was given, if it got that far. */
export interface Claim {
  readonly fingerprint: string
  readonly attempt: string
  readonly atMs: number
  readonly requestId: string
  /** What the first recorded event of the request was about. */
  readonly object: ObjectRef
  readonly answer: Uint8Array | undefined
}

/** Claims the key for this attempt. @throws {Fault} `feed.claimed` when another attempt holds it */
export async function claimOnce(tx: Tx, act: Act, event: { object: ObjectRef; atMs: number }): Promise<void> {
  const once = act.once as OnceKey
  const done = await tx
    .insertInto('request_claims')
    .values({
      ...once,
      at: event.atMs,
      request_id: act.requestId,
      object_type: event.object.type,
      object_id: event.object.id,
    })
    .onConflict((conflict) => conflict.columns(['scope', 'key']).doNothing())
    .executeTakeFirst()
  if (done.numInsertedOrUpdatedRows === 1n) return
  const held = await findClaim(tx, once.scope, once.key)
  if (held?.attempt !== once.attempt) throw new Fault('feed.claimed', { retryAfterSeconds: 1 })
}

export async function findClaim(db: Reader, scope: string, key: string): Promise<Claim | undefined> {
  const row = await db
    .selectFrom('request_claims')
    .selectAll()
    .where('scope', '=', scope)
    .where('key', '=', key)
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    fingerprint: row.fingerprint,
    attempt: row.attempt,
    atMs: row.at,
    requestId: row.request_id,
    object: { type: row.object_type, id: row.object_id },
    answer: row.answer ?? undefined,
  }
}

/** Keeps the answer beside the claim of this attempt. @returns false when it made no change and so has no claim */
export async function saveClaimAnswer(tx: Tx, once: OnceKey, answer: Uint8Array): Promise<boolean> {
  const done = await tx
    .updateTable('request_claims')
    .set({ answer })
    .where('scope', '=', once.scope)
    .where('key', '=', once.key)
    .where('attempt', '=', once.attempt)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

/** Forgets at most `most` claims made before `beforeMs`, oldest first. @returns how many */
export async function deleteClaimsBefore(tx: Tx, beforeMs: number, most: number): Promise<number> {
  const bound = await tx
    .selectFrom('request_claims')
    .select('at')
    .where('at', '<', beforeMs)
    .orderBy('at')
    .offset(most)
    .limit(1)
    .executeTakeFirst()
  const done = await tx
    .deleteFrom('request_claims')
    .where('at', '<', Math.min(beforeMs, bound?.at ?? beforeMs))
    .executeTakeFirst()
  return Number(done.numDeletedRows)
}
