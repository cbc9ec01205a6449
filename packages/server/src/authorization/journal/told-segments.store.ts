import type { Migration, Reader, Tx } from '#storage'

interface ToldSegmentTable {
  /** The journal's name: one for each node. */
  node: string
  /** Number of its first decision. */
  first: number
  sha256: string
}

declare module '#storage' {
  interface Tables {
    journal_segments: ToldSegmentTable
  }
}

export const toldSegmentsMigration: Migration = {
  id: '0312_authorization_journal_segments',
  sql: 'create table journal_segments (node text not null, first int8 not null, sha256 text not null, primary key (node, first));',
}

/** First numbers of the segments that the record has. */
export async function listToldSegments(db: Reader, node: string): Promise<Set<number>> {
  const rows = await db.selectFrom('journal_segments').select('first').where('node', '=', node).execute()
  return new Set(rows.map((row) => row.first))
}

/** @returns false when it was told before */
export async function insertToldSegment(tx: Tx, row: ToldSegmentTable): Promise<boolean> {
  const done = await tx
    .insertInto('journal_segments')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}
