import type { Storage } from '#storage'

/** Most requests that wait for events at a time; more are answered at once and ask again. */
const waitersMost = 200
/** PostgreSQL numbers events a moment after their commit, and other nodes' commits are only hinted at. */
const pollMs = { sqlite: 1_000, postgres: 100 }

/** Lets requests wait until events may have arrived. */
export class Arrival {
  readonly #storage: Storage
  readonly #waiting = new Set<() => void>()
  readonly #unhook: () => void
  #closed = false
  #commits = 0

  constructor(storage: Storage) {
    this.#storage = storage
    this.#unhook = storage.onCommit(() => {
      this.#commits++
      this.#wakeAll()
    })
  }

  /** Whether a request may wait now. */
  get open(): boolean {
    return !this.#closed && this.#waiting.size < waitersMost
  }

  /** Commits seen so far: read it before looking for events, and no commit between looking and waiting is missed. */
  get commits(): number {
    return this.#commits
  }

  /** Resolves after a commit beyond `commits`, a poll, `ms`, or when the server closes: look again, then decide. */
  async next(commits: number, ms: number): Promise<void> {
    if (this.#closed || this.#commits !== commits) return
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#waiting.delete(end)
        resolve()
      }
      const timer = setTimeout(end, Math.min(ms, pollMs[this.#storage.engine]))
      this.#waiting.add(end)
    })
  }

  /** Ends all waiting, so that a shutdown does not wait for requests that wait. */
  close(): void {
    this.#closed = true
    this.#unhook()
    this.#wakeAll()
  }

  #wakeAll(): void {
    for (const end of [...this.#waiting]) end()
  }
}
