import { CompiledQuery, type InsertObject } from 'kysely'
import type { Tables, Tx } from './storage.ts'

/**
 * An insert of one row that happens thousands of times a second: built and compiled once for each database, then only bound.
 * INVARIANT: every row has the same members in the same order.
 */
export function repeatedInsert<T extends keyof Tables & string>(
  table: T,
): (tx: Tx, row: InsertObject<Tables, T>) => Promise<void> {
  const texts = new WeakMap<object, string>()
  return async (tx, row) => {
    const executor = tx.getExecutor()
    let text = texts.get(executor.adapter)
    if (text === undefined) {
      text = tx.insertInto(table).values(row).compile().sql
      texts.set(executor.adapter, text)
    }
    await executor.executeQuery(CompiledQuery.raw(text, Object.values(row)))
  }
}
