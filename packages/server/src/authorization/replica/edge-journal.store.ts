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
  claimed_by: string | null
  claimed_at: number | null
  /** The columns from here on are of the replica that the stream is of: see `replicas.store.ts`. */
  followed_at_node: string | null
  principal_type: string | null
  principal_id: string | null
  opened_at: number | null
  seen_at: number | null
  closed_at: number | null
  told: number | null
  as_of_at: number | null
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
  {
    id: '0311_authorization_edge_claims',
    sql: `alter table edge_journals add column claimed_by text;
alter table edge_journals add column claimed_at int8;`,
  },
  {
    id: '0312_authorization_replicas',
    sql: ['followed_at_node', 'principal_type', 'principal_id']
      .map((name) => `alter table edge_journals add column ${name} text;`)
      .concat(
        ['opened_at', 'seen_at', 'closed_at', 'told', 'as_of_at'].map(
          (name) => `alter table edge_journals add column ${name} int8;`,
        ),
      )
      .join('\n'),
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

/** The columns of a row that are of no claim and no replica yet. */
export const unfollowed = {
  claimed_by: null,
  claimed_at: null,
  followed_at_node: null,
  principal_type: null,
  principal_id: null,
  opened_at: null,
  seen_at: null,
  closed_at: null,
  told: null,
  as_of_at: null,
} as const

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

/**
 * Lets one node take the batch after `held`: its journal is the only place where that batch may come to lie. `new` or `again` when the
 * batch is this node's now: `again` where somebody had begun to take it, so that some of it may be kept already. `refused` while another
 * has it, or where the stream has moved on. A claim ends with the batch, or `leaseMs` after it was made.
 */
export async function claimEdgeBatch(
  tx: Tx,
  application: ApplicationId,
  stream: string,
  held: EdgeStream,
  node: string,
  nowMs: number,
  leaseMs: number,
): Promise<'new' | 'again' | 'refused'> {
  await tx
    .insertInto('edge_journals')
    .values({
      application_id: application,
      stream,
      sequence: 0,
      hash: '',
      next_number: 1,
      watermark_at: 0,
      updated_at: nowMs,
      ...unfollowed,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const { claimed_by: before } = await tx
    .selectFrom('edge_journals')
    .select('claimed_by')
    .where('application_id', '=', application)
    .where('stream', '=', stream)
    .executeTakeFirstOrThrow()
  const { numUpdatedRows } = await tx
    .updateTable('edge_journals')
    .set({ claimed_by: node, claimed_at: nowMs, updated_at: nowMs })
    .where('application_id', '=', application)
    .where('stream', '=', stream)
    .where('sequence', '=', held.sequence)
    .where((is) =>
      is.or([is('claimed_by', 'is', null), is('claimed_by', '=', node), is('claimed_at', '<', nowMs - leaseMs)]),
    )
    .executeTakeFirstOrThrow()
  if (numUpdatedRows !== 1n) return 'refused'
  return before === null ? 'new' : 'again'
}

/** Moves a stream on from `before` and ends the claim; false when the claim was another's by then. */
export async function moveEdgeStream(
  tx: Tx,
  application: ApplicationId,
  stream: string,
  before: EdgeStream,
  now: EdgeStream,
  node: string,
  nowMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('edge_journals')
    .set({
      sequence: now.sequence,
      hash: now.hash,
      next_number: now.next,
      watermark_at: now.watermarkMs,
      updated_at: nowMs,
      claimed_by: null,
      claimed_at: null,
    })
    .where('application_id', '=', application)
    .where('stream', '=', stream)
    .where('sequence', '=', before.sequence)
    .where('claimed_by', '=', node)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

/** Forgets streams from which nothing has come since `beforeMs`. */
export async function deleteQuietEdgeStreams(tx: Tx, beforeMs: number): Promise<void> {
  await tx.deleteFrom('edge_journals').where('updated_at', '<', beforeMs).execute()
}
