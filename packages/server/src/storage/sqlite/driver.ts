import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { SqliteDatabase } from 'kysely'
import { toFault } from './errors.ts'

const cached = 500

interface Prepared {
  readonly statement: StatementSync
  /** Whether it answers rows. */
  readonly reader: boolean
}

/** Shows a `node:sqlite` connection as the `better-sqlite3`-shaped one that Kysely's dialect drives. */
export function asKyselyDatabase(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, Prepared>()
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
  const prepare = (text: string): Prepared => {
    let prepared = statements.get(text)
    if (prepared === undefined) {
      const statement = database.prepare(text)
      prepared = { statement, reader: statement.columns().length > 0 }
      if (statements.size >= cached) statements.delete(statements.keys().next().value as string)
      statements.set(text, prepared)
    }
    return prepared
  }
  return {
    close: () => database.close(),
    prepare: (text) => {
      const { statement: ready, reader } = orFault(() => prepare(text))
      return {
        reader,
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
