import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { type FileHandle, open, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { type NewEvent, record } from '#feed'
import { type Act, type Clock, Fault, type Meter } from '#kernel'
import type { Storage } from '#storage'
import '../events.ts'
import { insertUnique } from '../artifacts/artifact.store.ts'
import type { Artifact } from '../artifacts/artifact.ts'

/** A token that was handed out while the database was away: what its transaction would have written. */
export interface SpooledToken {
  readonly artifact: Artifact
  readonly act: Act
  readonly event: NewEvent<'tokens.token_issued'>
}

export interface SpoolDeps {
  readonly directory: string
  readonly storage: Storage
  readonly clock: Clock
  readonly meter: Meter
  readonly onError: (where: string, error: unknown) => void
}

/** How long after the last answer of the database tokens are still given: longer, and too many revocations would be unknown. */
const bridgedMs = 30_000
const beatMs = 5_000
const probeMs = 1_000
const batch = 100

/**
 * Bridges a short absence of the database for clients that ask in their own name: what the transaction would have written is put on
 * this node's disk, durably, before the reply, and into the database as soon as it answers. So every token is on the record and
 * known to introspection in the end, whatever crashes. INVARIANT: an entry leaves the disk only after its commit; one that is
 * committed twice is one, by its artifact's key.
 */
export class TokenSpool {
  readonly #deps: SpoolDeps
  readonly #path: string
  #file: FileHandle | undefined
  #waiting: SpooledToken[] = []
  #lastAnswerMs: number
  #away = false
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #writing: Promise<void> = Promise.resolve()
  #closed = false

  /** Takes up what an earlier process left. */
  constructor(deps: SpoolDeps) {
    this.#deps = deps
    this.#path = join(deps.directory, 'issued.jsonl')
    mkdirSync(deps.directory, { recursive: true, mode: 0o700 })
    this.#waiting = readEntries(this.#path)
    this.#lastAnswerMs = deps.clock.nowMs()
    const spool = this
    deps.meter.gauge(
      'token_spool_entries',
      'Tokens issued while the database was away and not yet in it',
      [],
      function () {
        this.set(spool.#waiting.length)
      },
    )
    this.#schedule(this.#waiting.length > 0 ? 0 : beatMs)
  }

  /** Whether the database was away a moment ago: then nobody needs to wait for it again. */
  get isAway(): boolean {
    return this.#away
  }

  answered(): void {
    this.#lastAnswerMs = this.#deps.clock.nowMs()
  }

  /** Durable once it returns. @throws {Fault} `storage.unavailable` when the database has been away for too long, or the disk too */
  async keep(token: SpooledToken): Promise<void> {
    if (!this.#away) {
      this.#away = true
      this.#schedule(probeMs)
    }
    if (this.#deps.clock.nowMs() - this.#lastAnswerMs > bridgedMs + beatMs)
      throw new Fault('storage.unavailable', { retryAfterSeconds: 5 })
    const written = this.#writing.then(async () => {
      this.#file ??= await open(this.#path, 'a', 0o600)
      await this.#file.appendFile(`${JSON.stringify(token)}\n`)
      await this.#file.datasync()
      this.#waiting.push(token)
    })
    this.#writing = written.catch(() => undefined)
    try {
      await written
    } catch (cause) {
      throw new Fault('storage.unavailable', { cause, retryAfterSeconds: 5 })
    }
  }

  async stop(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#running
    await this.#writing
    await this.#file?.close()
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer)
    if (this.#closed) return
    this.#timer = setTimeout(() => {
      this.#running = this.#beat().finally(() => this.#schedule(this.#away ? probeMs : beatMs))
    }, ms)
    this.#timer.unref()
  }

  async #beat(): Promise<void> {
    try {
      await this.#deps.storage.ping()
      this.answered()
      await this.#drain()
      this.#away = false
    } catch (error) {
      if (!this.#away) this.#deps.onError('token spool', error)
      this.#away = true
    }
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const part = this.#waiting.slice(0, batch)
      await this.#deps.storage.transact(async (tx) => {
        for (const { artifact, act, event } of part) if (await insertUnique(tx, artifact)) await record(tx, act, event)
      })
      this.#waiting = this.#waiting.slice(part.length)
    }
    this.#writing = this.#writing.then(async () => {
      // What came in the meantime waits for the next beat; the file is emptied only when nothing does.
      if (this.#waiting.length === 0 && existsSync(this.#path)) await truncate(this.#path)
    })
    await this.#writing
  }
}

/** A line that a crash cut short was never answered for. */
function readEntries(path: string): SpooledToken[] {
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.slice(0, -1).flatMap((line) => {
    try {
      return [JSON.parse(line) as SpooledToken]
    } catch {
      return []
    }
  })
}
