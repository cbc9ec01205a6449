import { existsSync, readdirSync, rmSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, Fault, type Meter } from '#kernel'
import { lockDataDirectory } from '#storage'
import '../faults.ts'
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
/** Records wait at most this long for the medium when nobody asks. */
const lingerMs = 10

interface Sealed {
  readonly path: string
  readonly first: number
  readonly openedAtMs: number
}

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
  /** Records of this turn of the event loop, and the promise of their being kept. */
  readonly #waiting: DecisionRecord[] = []
  #turn: Promise<void> | undefined
  readonly #measures: ReturnType<typeof measures>
  readonly #lock: { release(): void }

  private constructor(deps: JournalDeps, lock: { release(): void }, segment: Segment, sealed: Sealed[]) {
    this.#deps = deps
    this.#lock = lock
    this.#segment = segment
    this.#sealed = sealed
    this.#synced = segment.next
    this.#measures = measures(deps.meter, () => this.#segment.next - this.#synced)
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
    try {
      const nowMs = this.#deps.clock.nowMs()
      const { segmentBytes = 8 * 2 ** 20, segmentMs = 3_600_000 } = this.#deps
      const old = this.#segment.length > 0 && nowMs - this.#segment.openedAtMs >= segmentMs
      if (this.#segment.size >= segmentBytes || old) this.#rotate(nowMs)
      this.#segment.append(records)
    } catch (cause) {
      this.#measures.failures.inc()
      this.#deps.onError('decision journal', cause)
      throw new Fault('authorization.journal_unavailable', { cause, retryAfterSeconds: 5 })
    }
    this.#measures.records.inc(records.length)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.durable().catch((error) => this.#deps.onError('decision journal', error))
    }, lingerMs)
  }

  /**
   * As `append`, with one `write(2)` for all that came in this turn of the event loop. Resolves once the system has them.
   * @throws {Fault} `authorization.journal_unavailable`: then nothing of this turn was decided
   */
  keep(records: readonly DecisionRecord[]): Promise<void> {
    this.#waiting.push(...records)
    this.#turn ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#turn = undefined
        try {
          this.append(...this.#waiting.splice(0))
          resolve()
        } catch (error) {
          reject(error)
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
      this.#sealed.push({ path: full.path, first: full.first, openedAtMs: full.openedAtMs })
      // A flush under way may still hold it; one that begins now does not.
      await this.#syncing?.catch(() => undefined)
      full.close()
      await this.#forget(this.#deps.clock.nowMs())
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

const pathOf = (directory: string, first: number, nowMs: number) =>
  join(directory, `decisions-${String(first).padStart(15, '0')}-${nowMs}.log`)

async function nextAfter(sealed: Sealed | undefined): Promise<number> {
  if (sealed === undefined) return 1
  let next = sealed.first
  for await (const record of readSealed(sealed.path)) if (record !== undefined) next = record.number + 1
  return next
}

function measures(meter: Meter, unsynced: () => number) {
  meter.gauge('decision_journal_unsynced_records', 'Decisions kept that the medium may not have yet', [], function () {
    this.set(unsynced())
  })
  return {
    records: meter.counter('decision_journal_records_total', 'Decisions kept in the journal'),
    failures: meter.counter('decision_journal_failures_total', 'Times the journal could not be written or flushed'),
    flush: meter.seconds(
      'decision_journal_flush_duration_seconds',
      'Duration of one flush of the journal to the medium',
      [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    ),
  }
}
