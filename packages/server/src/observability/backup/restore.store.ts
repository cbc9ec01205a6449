import { sql } from 'kysely'
import { Fault } from '#kernel'
import type { Tx } from '#storage'

/** @throws {Fault} `observability.restore_not_empty` when the table holds rows */
export async function refuseRows(tx: Tx, table: string): Promise<void> {
  const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(tx as never)
  if (rows.length > 0)
    throw new Fault('observability.restore_not_empty', {
      detail: `Table ${table} is not empty: restore into a new database`,
    })
}

/** Inserts in statements of at most 20,000 parameters: both engines take that many. */
export async function insertRows(
  tx: Tx,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  const most = Math.max(1, Math.floor(20_000 / columns.length))
  for (let from = 0; from < rows.length; from += most) {
    const values = rows.slice(from, from + most).map((row) => sql`(${sql.join(row.map(fromJson))})`)
    await sql`insert into ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))}) values ${sql.join(values)}`.execute(
      tx as never,
    )
  }
}

function fromJson(value: unknown): unknown {
  const bytes = (value as { $bytes?: string } | null)?.$bytes
  return typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : value
}
