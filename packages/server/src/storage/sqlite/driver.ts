import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { SqliteDatabase } from 'kysely'
import { toFault } from './errors.ts'

const cached = 500

/** Shows a `node:sqlite` connection as the `better-sqlite3`-shaped one that Kysely's dialect drives. */
export function asKyselyDatabase(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, StatementSync>()
  const bind = (parameters: readonly unknown[]) =>
    parameters.map((value) =>
      typeof value === 'boolean' ? Number(value) : value === undefined ? null : value,
    ) as never[]
  const orFault = <T>(run: () => T): T => {
    try {
      return run()
    } catch (error) {
      throw toFault(error)
    }
  }
  const prepare = (text: string): StatementSync => {
    let statement = statements.get(text)
    if (statement === undefined) {
      statement = database.prepare(text)
      if (statements.size >= cached) statements.delete(statements.keys().next().value as string)
      statements.set(text, statement)
    }
    return statement
  }
  return {
    close: () => database.close(),
    prepare: (text) => {
      const ready = orFault(() => prepare(text))
      return {
        reader: ready.columns().length > 0,
        all: (parameters) => orFault(() => ready.all(...bind(parameters))),
        run: (parameters) =>
          orFault(() => ready.run(...bind(parameters))) as {
            changes: number | bigint
            lastInsertRowid: number | bigint
          },
        iterate: (parameters) => ready.iterate(...bind(parameters)) as IterableIterator<unknown>,
      }
    },
  }
}
