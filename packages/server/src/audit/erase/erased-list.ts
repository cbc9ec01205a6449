import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { isId, type UserId } from '#kernel'

/**
 * Who was erased, as lines of JSON beside the database and not in it: a backup that is put back later knows nothing of
 * erasures after it, and this file does. It holds ids alone.
 */
export class ErasedList {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  /** On the medium once it returns. */
  add(person: UserId, atMs: number): void {
    const fd = openSync(this.#file, 'a', 0o600)
    try {
      writeSync(fd, `${JSON.stringify({ person, atMs })}\n`)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  }

  /** Everybody ever added, once each; a torn last line is nobody. */
  read(): UserId[] {
    if (!existsSync(this.#file)) return []
    const found = new Set<UserId>()
    for (const line of readFileSync(this.#file, 'utf8').split('\n')) {
      try {
        const { person } = JSON.parse(line) as { person?: unknown }
        if (typeof person === 'string' && isId('user', person)) found.add(person as UserId)
      } catch {
        // Empty, or torn by a crash before the erasure began.
      }
    }
    return [...found]
  }
}
