import { existsSync, readdirSync, rmSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, Fault, type Meter } from '#kernel'
import { lockDataDirectory } from '#storage'
import '../faults.ts'
import { nextAfter, nodeOf, pathOf, type Sealed } from './files.ts'
import { measureJournal } from './measures.ts'
import type { DecisionRecord, KeptDecision } from './record.ts'
import { findSealed, readSealed, seal, sealLeftover } from './sealed.ts'
import { Segment } from './segment.ts'

export interface JournalDeps {
  /** Made when missing; no other process writes in it. */
  readonly directory: string
  readonly clock: Clock
  readonly meter: Meter
  readonly onError: (where: string, error: unknown) => void
  /** A segment is sealed at this size or age. */
  readonly segmentBytes?: number
  readonly segmentMs?: number
  /** Sealed segments older than this go. */
  readonly retainMs?: number
}

const nameShape = /^decisions-(\d{15})-(\d{13})\.log(\.zst)?$/
/** Records wait at most this long for the medium when nobody asks: each flush is work of the system, whoever waits for it. */
const lingerMs = 50

/**
 * Every decision, on disk before its reply: `append` returns once the system has it (it survives `kill -9`); `durable`
 * resolves once the medium has it. Segments are sealed, compressed and indexed by request id; a node keeps its own.
 */
export class Journal {
  readonly #deps: JournalDeps
  readonly #sealed: Sealed[]
  #segment: Segment
  #synced: number
  #syncing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Closed to appending, not yet sealed. */
  readonly #full: Segment[] = []
  #sealing: Promise<void> | undefined
  /** That what was staged in this turn of the event loop is written; and why it cannot be any more. */
  #turn: Promise<void> | undefined
  #turnFailed: Fault | undefined
  readonly #measures: ReturnType<typeof measureJournal>
  readonly #lock: { release(): void }
  readonly #listeners: (() => void)[] = []
  /** Names this journal among those of all nodes, for as long as its directory lives. */
  readonly node: string

  private constructor(deps: JournalDeps, lock: { release(): void }, segment: Segment, sealed: Sealed[]) {
    this.node = nodeOf(deps.directory)
    this.#deps = deps
    this.#lock = lock
    this.#segment = segment
    this.#sealed = sealed
    this.#synced = segment.next
    this.#measures = measureJournal(deps.meter, () => this.#segment.next - this.#synced)
  }

  /**
   * Opens the journal, taking up after whatever the last process left.
   * @throws {Fault} `storage.in_use` while another process has it
   */
  static async open(deps: JournalDeps): Promise<Journal> {
    const { directory, clock } = deps
    const lock = lockDataDirectory(directory)
    const open: Sealed[] = []
    const sealed: Sealed[] = []
    for (const name of readdirSync(directory).sort()) {
      if (name.endsWith('.tmp')) rmSync(join(directory, name))
      const match = nameShape.exec(name)
      if (match === null) continue
      const path = join(directory, name.replace(/\.zst$/, ''))
      const it = { path, first: Number(match[1]), openedAtMs: Number(match[2]) }
      // A crash between renaming and removing leaves both: the sealed one is whole.
      if (match[3] === undefined) {
        if (existsSync(`${path}.zst`)) rmSync(path)
        else open.push(it)
      } else sealed.push(it)
    }
    const last = open.pop()
    for (const leftover of open) {
      await sealLeftover(leftover.path, leftover.first)
      sealed.push(leftover)
    }
    sealed.sort((a, b) => a.first - b.first)
    const nowMs = clock.nowMs()
    if (last !== undefined)
      return new Journal(deps, lock, Segment.recover(last.path, last.first, last.openedAtMs), sealed)
    const first = await nextAfter(sealed.at(-1))
    return new Journal(deps, lock, Segment.create(pathOf(directory, first, nowMs), first, nowMs), sealed)
  }

  /** The number of the next record; so many decisions this node has ever kept. */
  get next(): number {
    return this.#segment.next
  }

  /**
   * Keeps decisions, all or none.
   * @throws {Fault} `authorization.journal_unavailable`: then nothing was decided
   */
  append(...records: readonly DecisionRecord[]): void {
    this.appendAll(records)
  }

  /** As `append`. */
  appendAll(records: readonly DecisionRecord[]): void {
    try {
      this.#stage(records)
      this.#write()
    } catch (cause) {
      throw this.#fail(cause)
    }
  }

  /**
   * As `append`, with one `write(2)` for all that came in this turn of the event loop. Resolves once the system has them.
   * @throws {Fault} `authorization.journal_unavailable`: then nothing of this turn was decided
   */
  keep(records: readonly DecisionRecord[]): Promise<void> {
    try {
      this.#stage(records)
    } catch (cause) {
      return Promise.reject(this.#fail(cause))
    }
    this.#turn ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        const failed = this.#turnFailed
        this.#turn = this.#turnFailed = undefined
        try {
          if (failed !== undefined) return reject(failed)
          this.#write()
          resolve()
        } catch (cause) {
          reject(this.#fail(cause))
        }
      })
    })
    return this.#turn
  }

  /**
   * Resolves once everything appended so far is on the medium; callers at the same time share one flush.
   * @throws {Fault} `authorization.journal_unavailable`
   */
  async durable(): Promise<void> {
    const wanted = this.#segment.next
    while (this.#synced < wanted) {
      this.#syncing ??= this.#sync()
      await this.#syncing
    }
  }

  /** Segments that are sealed, oldest first. */
  get sealed(): readonly Sealed[] {
    return this.#sealed
  }

  /** Calls back whenever a segment has been sealed. */
  onSealed(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** All decisions of one request on this node, oldest first. */
  async find(requestId: string): Promise<KeptDecision[]> {
    const sealed = [...this.#sealed]
    const open = [...this.#full, this.#segment].flatMap((segment) => segment.find(requestId))
    const found: KeptDecision[] = []
    for (const { path } of sealed) found.push(...(await findSealed(path, requestId)))
    return [...found, ...open]
  }

  /** At most `limit` decisions with a number below `before`, newest first. */
  async newest(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<KeptDecision[]> {
    const sealed = [...this.#sealed]
    const found: KeptDecision[] = []
    for (const segment of [...this.#full, this.#segment].reverse()) {
      for (let at = Math.min(segment.length, before - segment.first) - 1; at >= 0 && found.length < limit; at--) {
        const record = segment.read(at)
        if (record !== undefined) found.push(record)
      }
    }
    for (const { path, first } of sealed.reverse()) {
      if (found.length >= limit) break
      if (first >= before) continue
      const inside: KeptDecision[] = []
      for await (const record of readSealed(path)) if (record && record.number < before) inside.push(record)
      found.push(...inside.reverse().slice(0, limit - found.length))
    }
    return found
  }

  async close(): Promise<void> {
    await this.#turn
    clearTimeout(this.#timer)
    await this.durable()
    await this.#sealing
    for (const segment of [...this.#full, this.#segment]) segment.close()
    this.#lock.release()
  }

  async #sync(): Promise<void> {
    const segments = [...this.#full, this.#segment]
    const upTo = this.#segment.next
    const started = performance.now()
    try {
      for (const segment of segments) await segment.sync()
      this.#synced = Math.max(this.#synced, upTo)
      this.#measures.flush.observe((performance.now() - started) / 1_000)
    } catch (cause) {
      this.#measures.failures.inc()
      throw new Fault('authorization.journal_unavailable', { cause, retryAfterSeconds: 5 })
    } finally {
      this.#syncing = undefined
    }
  }

  /** Turns records into bytes at once, so that none of them lives until it is written. */
  #stage(records: readonly DecisionRecord[]): void {
    const nowMs = this.#deps.clock.nowMs()
    const { segmentBytes = 8 * 2 ** 20, segmentMs = 3_600_000 } = this.#deps
    const old = this.#segment.length > 0 && nowMs - this.#segment.openedAtMs >= segmentMs
    if (this.#segment.size >= segmentBytes || old) {
      this.#write()
      this.#rotate(nowMs)
    }
    this.#segment.stage(records)
  }

  #write(): void {
    const count = this.#segment.staged
    if (count === 0) return
    this.#segment.write()
    this.#measures.records.inc(count)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.durable().catch((error) => this.#deps.onError('decision journal', error))
    }, lingerMs)
  }

  /** INVARIANT: what this turn had staged is lost with what failed: it is told so too. */
  #fail(cause: unknown): Fault {
    this.#measures.failures.inc()
    this.#deps.onError('decision journal', cause)
    const fault = new Fault('authorization.journal_unavailable', { cause, retryAfterSeconds: 5 })
    if (this.#turn !== undefined) this.#turnFailed = fault
    return fault
  }

  #rotate(nowMs: number): void {
    const full = this.#segment
    this.#segment = Segment.create(pathOf(this.#deps.directory, full.next, nowMs), full.next, nowMs)
    this.#full.push(full)
    this.#sealing ??= this.#seal()
      .catch((error) => this.#deps.onError('decision journal', error))
      .finally(() => {
        this.#sealing = undefined
      })
  }

  /** INVARIANT: a segment can be found at every moment: among the full ones until its sealed form is whole. */
  async #seal(): Promise<void> {
    for (let full = this.#full[0]; full !== undefined; full = this.#full[0]) {
      await this.durable()
      await seal(full.path, full.index())
      this.#full.shift()
      const { path, first, openedAtMs, length: records } = full
      this.#sealed.push({ path, first, openedAtMs, records })
      // A flush under way may still hold it; one that begins now does not.
      await this.#syncing?.catch(() => undefined)
      full.close()
      await this.#forget(this.#deps.clock.nowMs())
      for (const listener of this.#listeners) listener()
    }
  }

  async #forget(nowMs: number): Promise<void> {
    const { retainMs = 400 * 86_400_000 } = this.#deps
    for (let next = this.#sealed[1]; next !== undefined && next.openedAtMs < nowMs - retainMs; next = this.#sealed[1]) {
      const { path } = this.#sealed.shift() as Sealed
      await unlink(`${path}.zst`)
      await unlink(path.replace(/\.log$/, '.idx'))
    }
  }
}
