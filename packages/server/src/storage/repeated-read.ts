import { type Compilable, CompiledQuery, type QueryResult } from 'kysely'
import type { Reader } from './storage.ts'

/**
 * A query that happens thousands of times a second: built and compiled once for each database, then only bound. INVARIANT: its text
 * does not depend on its values; `build` gives it any values, in the order in which they are bound later.
 */
export function repeatedRead<R, D extends Reader = Reader>(
  build: (db: D) => Compilable<R>,
): (db: D, ...values: unknown[]) => Promise<R[]> {
  const run = repeated(build)
  return async (db, ...values) => (await run(db, values)).rows
}

/** As `repeatedRead`, for a change. @returns how many rows it changed */
export function repeatedChange<D extends Reader>(
  build: (db: D) => Compilable<unknown>,
): (db: D, ...values: unknown[]) => Promise<number> {
  const run = repeated(build)
  return async (db, ...values) => Number((await run(db, values)).numAffectedRows ?? 0)
}

function repeated<D extends Reader, R>(build: (db: D) => Compilable<R>) {
  const texts = new WeakMap<object, string>()
  return (db: D, values: readonly unknown[]): Promise<QueryResult<R>> => {
    const executor = db.getExecutor()
    let text = texts.get(executor.adapter)
    if (text === undefined) {
      const compiled = build(db).compile()
      if (compiled.parameters.length !== values.length) throw new TypeError('a repeated query is bound to other values')
      text = compiled.sql
      texts.set(executor.adapter, text)
    }
    return executor.executeQuery<R>(CompiledQuery.raw(text, [...values]))
  }
}
