import type { ApplicationId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'

interface EdgeJournalTable {
  application_id: string
  stream: string
  sequence: number
  hash: string
  next_number: number
  watermark_at: number
  updated_at: number
}

declare module '#storage' {
  interface Tables {
    edge_journals: EdgeJournalTable
  }
}

export const edgeJournalMigrations: readonly Migration[] = [
  {
    id: '0310_authorization_edge_journals',
    sql: `create table edge_journals (application_id text not null, stream text not null, sequence int8 not null,
  hash text not null, next_number int8 not null, watermark_at int8 not null, updated_at int8 not null,
  primary key (application_id, stream));
create index edge_journals_by_update on edge_journals (updated_at);`,
  },
]

/** How far a stream of decisions made elsewhere has come in. */
export interface EdgeStream {
  /** Of its last batch; 0 before the first. */
  readonly sequence: number
  /** Of its last batch; empty before the first. */
  readonly hash: string
  /** The number that its next decision has. */
  readonly next: number
  /** Everything that it decided before then has come in. */
  readonly watermarkMs: number
}

export const newEdgeStream: EdgeStream = { sequence: 0, hash: '', next: 1, watermarkMs: 0 }

export async function findEdgeStream(db: Reader, application: ApplicationId, stream: string): Promise<EdgeStream> {
  const row = await db
    .selectFrom('edge_journals')
    .selectAll()
    .where('application_id', '=', application)
    .where('stream', '=', stream)
    .executeTakeFirst()
  if (row === undefined) return newEdgeStream
  return { sequence: row.sequence, hash: row.hash, next: row.next_number, watermarkMs: row.watermark_at }
}

/** Moves a stream on from `before`; false when another request was faster. */
export async function moveEdgeStream(
  tx: Tx,
  application: ApplicationId,
  stream: string,
  before: EdgeStream,
  now: EdgeStream,
  nowMs: number,
): Promise<boolean> {
  const change = {
    sequence: now.sequence,
    hash: now.hash,
    next_number: now.next,
    watermark_at: now.watermarkMs,
    updated_at: nowMs,
  }
  if (before.sequence === 0) {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('edge_journals')
      .values({ application_id: application, stream, ...change })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow()
    return numInsertedOrUpdatedRows === 1n
  }
  const { numUpdatedRows } = await tx
    .updateTable('edge_journals')
    .set(change)
    .where('application_id', '=', application)
    .where('stream', '=', stream)
    .where('sequence', '=', before.sequence)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

/** Forgets streams from which nothing has come since `beforeMs`. */
export async function deleteQuietEdgeStreams(tx: Tx, beforeMs: number): Promise<void> {
  await tx.deleteFrom('edge_journals').where('updated_at', '<', beforeMs).execute()
}
