import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, type LogEvent, SqliteDialect } from 'kysely'
import type { Clock } from '#kernel'
import { listApplied, type Migration, migrate } from '../migration.ts'
import type { Db, Storage, Tables } from '../storage.ts'
import { openDisk } from './disk.ts'
import { asKyselyDatabase } from './driver.ts'
import { toFault } from './errors.ts'
import { readSqliteSnapshot } from './snapshot.ts'
import { Writer } from './writer.ts'

/**
 * Opens (or creates) the database file: WAL, every commit flushed before it is answered, foreign keys on; one connection writes, one reads.
 * The caller holds the data directory's lock.
 */
export async function openSqlite(
  file: string,
  deps: { clock: Clock; migrations: readonly Migration[]; onStatement?: (event: LogEvent) => void },
): Promise<Storage> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const writing = new DatabaseSync(file, { timeout: 10_000 })
  // What a commit moves from the log into the file keeps everybody waiting: 250 pages take 2 ms, the usual 1,000 take 5 to 10.
  writing.exec(
    'pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma cache_size = -16000; pragma secure_delete = on; pragma wal_autocheckpoint = 250',
  )
  chmodSync(file, 0o600) // its -wal and -shm take the same mode
  const reading = new DatabaseSync(file, { timeout: 10_000 })
  reading.exec('pragma foreign_keys = on; pragma query_only = on; pragma cache_size = -16000')
  const dialectOf = (database: DatabaseSync) => new SqliteDialect({ database: asKyselyDatabase(database) })
  const log = deps.onStatement && { log: deps.onStatement }
  const writer = new Kysely<Tables>({ dialect: dialectOf(writing), ...log })
  const reader = new Kysely<Tables>({ dialect: dialectOf(reading), ...log })
  const disk = openDisk(file)
  const close = async () => {
    await Promise.all([writer.destroy(), reader.destroy()])
    // Kysely closes only what it has used.
    for (const database of [writing, reading]) if (database.isOpen) database.close()
    disk.close()
  }
  try {
    await migrate(writer as Kysely<unknown>, 'sqlite', deps.migrations, deps.clock.nowMs())
  } catch (error) {
    await close()
    throw toFault(error)
  }
  writing.exec('pragma synchronous = normal')
  const queue = new Writer(writing, writer, disk)
  return {
    engine: 'sqlite',
    db: reader as unknown as Db,
    transact: async (body, how) => (await queue.write(body, how)).value,
    write: (body) => queue.write(body),
    onCommit: (listener) => queue.onCommit(listener),
    numberEvents: async () => 0,
    readMark: async () => {
      const row = reading.prepare('select max(position) as position from events').get()
      const position = (row?.position as number | null) ?? 0
      return { position, below: BigInt(position) + 1n }
    },
    settle: async () => undefined,
    unnumberedSinceMs: async () => undefined,
    ping: async () => {
      if (queue.broken !== undefined) throw queue.broken
      try {
        reading.prepare('select 1').get()
      } catch (error) {
        throw toFault(error)
      }
    },
    migrations: () => listApplied(reader as Kysely<unknown>),
    snapshot: (views) => readSqliteSnapshot(file, views),
    nowMs: async () => Number(reading.prepare("select unixepoch('subsec') * 1000 as ms").get()?.ms),
    close: async () => {
      await queue.idle()
      await close()
    },
  }
}
