import { CompiledQuery, type InsertObject } from 'kysely'
import type { Tables, Tx } from './storage.ts'

/** Rows of one statement of `repeatedInserts`, largest first: a text each, that is prepared once. */
const pieces = [64, 8, 1] as const

/** As `repeatedInsert`, for many rows at once: in few statements, each of which is compiled and prepared once. */
export function repeatedInserts<T extends keyof Tables & string>(
  table: T,
): (tx: Tx, rows: readonly InsertObject<Tables, T>[]) => Promise<void> {
  const texts = new WeakMap<object, Map<number, string>>()
  return async (tx, rows) => {
    const executor = tx.getExecutor()
    const known = texts.get(executor.adapter) ?? new Map<number, string>()
    texts.set(executor.adapter, known)
    for (let at = 0; at < rows.length; ) {
      const size = pieces.find((piece) => piece <= rows.length - at) as number
      const piece = rows.slice(at, at + size)
      let text = known.get(size)
      if (text === undefined) {
        text = tx.insertInto(table).values(piece).compile().sql
        known.set(size, text)
      }
      const values: unknown[] = []
      for (const row of piece) values.push(...Object.values(row))
      await executor.executeQuery(CompiledQuery.raw(text, values))
      at += size
    }
  }
}

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
