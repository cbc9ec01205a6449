import type { Migration, Reader, Tx } from '#storage'

interface WitnessedTable {
  one: number
  size: number
  /** With the cosignatures of a quorum. */
  checkpoint: string
  at: number
}

declare module '#storage' {
  interface Tables {
    ledger_witnessed: WitnessedTable
  }
}

export const witnessMigration: Migration = {
  id: '1101_audit_witnessed',
  sql: `create table ledger_witnessed (one int8 primary key, size int8 not null, checkpoint text not null, at int8 not null);`,
}

/** The newest checkpoint that a quorum of witnesses has cosigned. */
export async function findWitnessed(
  db: Reader,
): Promise<{ size: number; checkpoint: string; atMs: number } | undefined> {
  const row = await db.selectFrom('ledger_witnessed').selectAll().where('one', '=', 1).executeTakeFirst()
  return row && { size: row.size, checkpoint: row.checkpoint, atMs: row.at }
}

/** Keeps a cosigned checkpoint unless a larger one is kept already. */
export async function saveWitnessed(tx: Tx, row: { size: number; checkpoint: string; atMs: number }): Promise<void> {
  const { size, checkpoint, atMs: at } = row
  await tx
    .insertInto('ledger_witnessed')
    .values({ one: 1, size, checkpoint, at })
    .onConflict((conflict) =>
      conflict.column('one').doUpdateSet({ size, checkpoint, at }).where('ledger_witnessed.size', '<=', size),
    )
    .execute()
}
