import { type ApplicationId, type Clock, Fault } from '#kernel'
import type { Storage } from '#storage'
import type { EntityUid } from '../entities/source.ts'
import '../faults.ts'
import type { Journal } from '../journal/journal.ts'
import type { DecisionRecord } from '../journal/record.ts'
import type { Recorder } from '../journal/recorder.ts'
import { type Batch, type EdgeRecord, hashBatch, readRecords } from './batch.ts'
import { claimEdgeBatch, type EdgeStream, findEdgeStream, moveEdgeStream } from './edge-journal.store.ts'
import { Turns } from './turns.ts'

export interface TakeBatchDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly journal: Journal
  readonly recorder: Recorder
}

/**
 * How long a batch stays with the node that began to take it. A node that dies between its journal and the note of it finishes the batch
 * when its sender comes again; only one that stays away longer loses it to another, and then what it kept may lie in both.
 */
const leaseMs = 3_600_000

/**
 * Takes the next batch of a stream of decisions into this node's journal, on the medium before the answer. A batch that comes again is
 * answered as at first, and one that another node has begun to take is not taken here (the row of its stream says whose it is). Crash
 * between keeping and noting: the batch comes again, the row says that it was begun, and what is kept of it is not kept twice. All
 * batches together get a small part of each turn of the event loop: decisions that somebody waits for come first.
 */
export class BatchTaker {
  readonly #deps: TakeBatchDeps
  readonly #turns = new Turns()
  readonly #running = new Map<string, Promise<unknown>>()

  constructor(deps: TakeBatchDeps) {
    this.#deps = deps
  }

  /**
   * How far the stream has come then.
   * @param position of the feed that its decisions had seen at least
   * @throws {Fault} `authorization.stream_gap` with how far it has come, `authorization.batch_invalid`,
   * `authorization.journal_unavailable`
   */
  async take(application: ApplicationId, caller: EntityUid, batch: Batch, position: number): Promise<EdgeStream> {
    const key = `${application} ${batch.stream}`
    // One after another, so that a repetition meets what the first has noted.
    const before = this.#running.get(key) ?? Promise.resolve()
    const turn = before.catch(() => undefined).then(() => this.#take(application, caller, batch, position))
    this.#running.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.#running.get(key) === turn) this.#running.delete(key)
    }
  }

  async #take(application: ApplicationId, caller: EntityUid, batch: Batch, position: number): Promise<EdgeStream> {
    const { storage, clock, journal, recorder } = this.#deps
    const { stream } = batch
    const hash = await hashBatch(batch, this.#turns)
    const isThis = (at: EdgeStream) => at.sequence === batch.sequence && at.hash === hash
    const held = await findEdgeStream(storage.db, application, stream)
    if (isThis(held)) return held
    if (batch.sequence !== held.sequence + 1 || batch.previous !== held.hash)
      throw new Fault('authorization.stream_gap', { extra: shown(held) })
    // INVARIANT: all of it is read before any of it is kept.
    let count = 0
    for await (const some of readRecords(batch, held.next, this.#turns)) count += some.length
    const { node } = journal
    const claim = await storage.transact((tx) =>
      claimEdgeBatch(tx, application, stream, held, node, clock.nowMs(), leaseMs),
    )
    if (claim === 'refused') {
      const newest = await findEdgeStream(storage.db, application, stream)
      if (isThis(newest)) return newest
      throw new Fault('authorization.stream_gap', { extra: shown(newest), retryAfterSeconds: 5 })
    }
    const now: EdgeStream = {
      sequence: batch.sequence,
      hash,
      next: held.next + count,
      watermarkMs: Math.max(held.watermarkMs, batch.watermarkMs),
    }
    const toRecord = ({ number, ...record }: EdgeRecord): DecisionRecord => ({
      ...record,
      via: 'local',
      applicationId: application,
      caller,
      position,
      edge: { stream, number },
    })
    const known = new Map<string, ReadonlySet<number>>()
    for await (const some of readRecords(batch, held.next, this.#turns)) {
      const missing = claim === 'again' ? await this.#notYetKept(stream, some, known) : some
      if (missing.length > 0) await recorder.keepMade(missing.map(toRecord))
    }
    if (count > 0) await journal.durable()
    const moved = await storage.transact((tx) =>
      moveEdgeStream(tx, application, stream, held, now, node, clock.nowMs()),
    )
    if (moved) return now
    // Another node took a batch of this stream meanwhile: its sender hears how far it has come.
    const newest = await findEdgeStream(storage.db, application, stream)
    if (isThis(newest)) return newest
    throw new Fault('authorization.stream_gap', { extra: shown(newest) })
  }

  /** @param known by request id, what the journal has of this stream: each is looked up once */
  async #notYetKept(
    stream: string,
    records: readonly EdgeRecord[],
    known: Map<string, ReadonlySet<number>>,
  ): Promise<EdgeRecord[]> {
    const left: EdgeRecord[] = []
    for (const record of records) {
      let kept = known.get(record.requestId)
      if (kept === undefined) {
        const found = await this.#deps.journal.find(record.requestId)
        kept = new Set(found.flatMap(({ edge }) => (edge?.stream === stream ? [edge.number] : [])))
        known.set(record.requestId, kept)
        await this.#turns.next()
      }
      if (!kept.has(record.number)) left.push(record)
    }
    return left
  }
}

const shown = ({ sequence, hash, next, watermarkMs }: EdgeStream) => ({ sequence, hash, next, watermarkMs })
