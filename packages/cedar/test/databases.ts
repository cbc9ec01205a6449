import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, PostgresDialect, type SqliteDatabase, SqliteDialect } from 'kysely'
import pg from 'pg'
import type { Mapping } from '../src/partial-sql.ts'

// biome-ignore lint/suspicious/noExplicitAny: the test's tables are made in plain SQL
export type Db = Kysely<any>

/** Shows a `node:sqlite` connection as the one Kysely's dialect drives. */
function asKyselyDatabase(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare(text) {
      const statement = database.prepare(text)
      const bind = (values: readonly unknown[]) =>
        values.map((value) => (typeof value === 'boolean' ? Number(value) : value)) as never[]
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...bind(values)),
        run: (values) => statement.run(...bind(values)),
        iterate: (values) => statement.iterate(...bind(values)) as IterableIterator<unknown>,
      }
    },
  }
}

export type Opened = { dialect: Mapping['dialect']; db: Db; close: () => Promise<void> }

export async function openSqlite(): Promise<Opened> {
  const db: Db = new Kysely({
    dialect: new SqliteDialect({ database: asKyselyDatabase(new DatabaseSync(':memory:')) }),
  })
  return { dialect: 'sqlite', db, close: () => db.destroy() }
}

/** A real PostgreSQL of its own, in a process of its own; it ends when its input closes. */
export async function openPostgres(): Promise<Opened> {
  const script = new URL('../../server/test/support/postgres-process.ts', import.meta.url).pathname
  const server: ChildProcess = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [address] = (await once(server.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const pool = new pg.Pool({ connectionString: address.toString().trim(), max: 2 })
  // An idle connection that the server closes at its end is no fault of the test's.
  pool.on('error', () => undefined)
  const db: Db = new Kysely({ dialect: new PostgresDialect({ pool }) })
  const close = async () => {
    await db.destroy()
    const ended = once(server, 'exit')
    server.stdin?.end()
    await ended
  }
  return { dialect: 'postgres', db, close }
}
