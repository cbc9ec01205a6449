import { closeSync, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Disk } from './writer.ts'

const flush = promisify(fdatasync)

/**
 * Flushes the log of a database file on a thread of the pool. INVARIANT: closed only after the database: its locks hang on none of
 * the log's descriptors, but whoever has the log open must not outlive it.
 */
export function openDisk(file: string): Disk & { close(): void } {
  let log: number | undefined
  return {
    flush: () => {
      log ??= openSync(`${file}-wal`, 'r+')
      return flush(log)
    },
    close: () => {
      if (log !== undefined) closeSync(log)
    },
  }
}
