import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Kysely } from 'kysely'
import { Fault } from '#kernel'
import { makeConsistencyToken } from '../consistency.ts'
import type { Lasting, Tables, Tx, Written } from '../storage.ts'
import { toFault } from './errors.ts'

interface Job {
  readonly lazily: boolean
  readonly body: (tx: Tx) => Promise<unknown>
  readonly resolve: (written: Written<never>) => void
  readonly reject: (error: unknown) => void
}

/** A commit waits for at most this many bodies, so that the first is not kept waiting by the last. */
const batchMost = 256

/** Makes what was committed outlast the machine's power, beside this thread: while the disk is busy everything else goes on. */
export interface Disk {
  /** Everything that the log has by now. */
  flush(): Promise<void>
}

/**
 * The one writer of the file: bodies run one after another, each in a savepoint, many in one commit; each is answered only
 * after `COMMIT` has returned and, unless all of the batch are lazy, the log is flushed. INVARIANT: when a commit fails, every body of
 * its batch is rejected and none is kept. When a flush fails nobody knows what the disk has: the batch is rejected, and so is every later
 * one until the server was started again. The log is flushed in the order in which it is written, so that what somebody read
 * before its flush, and built upon, lasts only together with it.
 */
export class Writer {
  readonly #database: DatabaseSync
  readonly #disk: Disk
  readonly #tx: Tx
  readonly #waiting: Job[] = []
  readonly #listeners = new Set<(newest?: number) => void>()
  /** The feed's newest position as of the last commit; undefined before the first. */
  #position: number | undefined
  #running: Promise<void> | undefined
  #newest: StatementSync | undefined
  #broken: Fault | undefined

  /** @param database with `pragma synchronous = normal`: SQLite flushes what its own recovery needs, and commits are flushed here */
  constructor(database: DatabaseSync, kysely: Kysely<Tables>, disk: Disk) {
    this.#database = database
    this.#disk = disk
    this.#tx = kysely as unknown as Tx
  }

  /** Why nothing can be written any more. */
  get broken(): Fault | undefined {
    return this.#broken
  }

  write<T>(body: (tx: Tx) => Promise<T>, { lazily = false }: Lasting = {}): Promise<Written<T>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ lazily, body, resolve: resolve as Job['resolve'], reject })
      this.#running ??= this.#run()
    })
  }

  onCommit(listener: (newest?: number) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // One macrotask of patience: what arrives in the same tick shares the commit.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      await this.#commitBatch()
      for (const listener of this.#listeners) {
        try {
          listener(this.#position)
        } catch {
          // A hint: who fails to take it polls.
        }
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#running = undefined
  }

  async #commitBatch(): Promise<void> {
    const done: { job: Job; value: unknown; position: bigint }[] = []
    const lazily = this.#waiting.every((job) => job.lazily)
    try {
      if (this.#broken !== undefined) throw this.#broken
      this.#database.exec('begin immediate')
    } catch (error) {
      for (const job of this.#waiting.splice(0)) job.reject(toFault(error))
      return
    }
    for (let taken = 0; taken < batchMost && this.#waiting.length > 0; taken++) {
      // INVARIANT: nobody is answered who was promised a flush by a commit without one.
      if (lazily && this.#waiting[0]?.lazily === false) break
      const job = this.#waiting.shift() as Job
      let inBody = false
      try {
        this.#database.exec('savepoint body')
        inBody = true
        const value = await job.body(this.#tx)
        this.#database.exec('release body')
        done.push({ job, value, position: this.#newestPosition() })
      } catch (error) {
        job.reject(toFault(error))
        // SQLite may have rolled back the whole transaction by itself (disk full): then nothing of the batch is left.
        if (!this.#database.isTransaction) return this.#abandon(done, error)
        if (!inBody) continue
        try {
          this.#database.exec('rollback to body; release body')
        } catch (failure) {
          // What the body left cannot be told from the others' any more: none is kept.
          return this.#abandon(done, failure)
        }
      }
    }
    try {
      this.#database.exec('commit')
    } catch (error) {
      return this.#abandon(done, error)
    }
    try {
      if (!lazily && done.length > 0) await this.#disk.flush()
    } catch (cause) {
      this.#broken = new Fault('storage.unavailable', { cause })
      for (const { job } of done) job.reject(this.#broken)
      return
    }
    const last = done.at(-1)
    if (last !== undefined) this.#position = Number(last.position)
    for (const { job, value, position } of done) {
      job.resolve({ value: value as never, at: makeConsistencyToken('sqlite', position) })
    }
  }

  /** Rolls back and rejects every body of the batch. */
  #abandon(done: readonly { job: Job }[], cause: unknown): void {
    try {
      if (this.#database.isTransaction) this.#database.exec('rollback')
    } catch {
      // The next `begin immediate` fails, and with it whoever asks next, until the disk is well again.
    }
    const fault = toFault(cause)
    for (const { job } of done) job.reject(fault instanceof Fault ? fault : new Fault('storage.unavailable', { cause }))
  }

  /** The feed's newest position inside this transaction; 0 where there is no feed. */
  #newestPosition(): bigint {
    this.#newest ??= this.#prepareNewest()
    return BigInt((this.#newest?.get()?.position as number | null) ?? 0)
  }

  #prepareNewest(): StatementSync | undefined {
    const found = this.#database.prepare("select 1 from sqlite_schema where type = 'table' and name = 'events'").get()
    return found && this.#database.prepare('select max(position) as position from events')
  }
}
