import { PostgresAdapter, sql } from 'kysely'
import type { Tables, Tx } from './storage.ts'

/**
 * Keeps a row, named by its `id`, as this transaction has read it until it ends: whoever changes it waits, and one that was changed
 * meanwhile makes the transaction run again (PostgreSQL, `for share` under REPEATABLE READ). For what is decided by one row and
 * written to another. SQLite has one writer and needs nothing.
 */
export async function holdRow(tx: Tx, table: keyof Tables & string, id: string): Promise<void> {
  if (!(tx.getExecutor().adapter instanceof PostgresAdapter)) return
  await sql`select 1 from ${sql.table(table)} where id = ${id} for share`.execute(tx as never)
}
