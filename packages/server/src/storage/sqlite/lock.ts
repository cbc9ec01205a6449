import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '#kernel'
import '../faults.ts'

/** INVARIANT: a lock that nobody refers to any more is still held: the collector must not close its file. */
const held = new Set<DatabaseSync>()

/**
 * Takes the data directory for this process until `release` or its death: an open exclusive transaction on `lock.db`,
 * which the operating system lets go of with the process.
 * @throws {Fault} `storage.in_use`
 */
export function lockDataDirectory(directory: string): { release(): void } {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(join(directory, 'lock.db'), { timeout: 0 })
  try {
    database.exec('pragma journal_mode = delete; begin exclusive')
  } catch (cause) {
    database.close()
    throw new Fault('storage.in_use', { cause, detail: `Another server uses ${directory}: stop it first` })
  }
  held.add(database)
  return {
    release: () => {
      held.delete(database)
      database.close()
    },
  }
}
