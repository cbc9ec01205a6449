import { type ApplicationId, type Clock, Fault } from '#kernel'
import type { Storage } from '#storage'
import type { EntityUid } from '../entities/source.ts'
import '../faults.ts'
import type { Journal } from '../journal/journal.ts'
import type { DecisionRecord } from '../journal/record.ts'
import type { Recorder } from '../journal/recorder.ts'
import { type Batch, type EdgeRecord, readRecords } from './batch.ts'
import { claimEdgeBatch, type EdgeStream, findEdgeStream, moveEdgeStream } from './edge-journal.store.ts'

export interface TakeBatchDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly journal: Journal
  readonly recorder: Recorder
}

/** Streams whose batches this process has taken without a break: of others, a batch may have been kept and not noted. */
const streamsMost = 10_000

/**
 * How long a batch stays with the node that began to take it. A node that dies between its journal and the note of it finishes the batch
 * when its sender comes again; only one that stays away longer loses it to another, and then what it kept may lie in both.
 */
const leaseMs = 3_600_000

/**
 * Takes the next batch of a stream of decisions into this node's journal, on the medium before the answer. A batch that comes
 * again is answered as at first, and one that another node has begun to take is not taken here (the row of its stream says whose it is). Crash between keeping and noting: the batch comes again, and what is kept of it is not kept twice.
 */
export class BatchTaker {
  readonly #deps: TakeBatchDeps
  readonly #known = new Map<string, number>()
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
    const turn = before.catch(() => undefined).then(() => this.#take(key, application, caller, batch, position))
    this.#running.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.#running.get(key) === turn) this.#running.delete(key)
    }
  }

  async #take(
    key: string,
    application: ApplicationId,
    caller: EntityUid,
    batch: Batch,
    position: number,
  ): Promise<EdgeStream> {
    const { storage, clock, journal, recorder } = this.#deps
    const held = await findEdgeStream(storage.db, application, batch.stream)
    if (batch.sequence === held.sequence && batch.hash === held.hash) return held
    if (batch.sequence !== held.sequence + 1 || batch.previous !== held.hash)
      throw new Fault('authorization.stream_gap', { extra: { ...held } })
    let records = readRecords(batch, held.next)
    const { node } = journal
    const isOurs = await storage.transact((tx) =>
      claimEdgeBatch(tx, application, batch.stream, held, node, clock.nowMs(), leaseMs),
    )
    if (!isOurs) {
      const newest = await findEdgeStream(storage.db, application, batch.stream)
      if (newest.sequence === batch.sequence && newest.hash === batch.hash) return newest
      throw new Fault('authorization.stream_gap', { extra: { ...newest }, retryAfterSeconds: 5 })
    }
    const now: EdgeStream = {
      sequence: batch.sequence,
      hash: batch.hash,
      next: held.next + records.length,
      watermarkMs: Math.max(held.watermarkMs, batch.watermarkMs),
    }

    if (this.#known.get(key) !== held.sequence) records = await this.#notYetKept(batch.stream, records)
    const toRecord = ({ number, ...record }: EdgeRecord): DecisionRecord => ({
      ...record,
      via: 'local',
      applicationId: application,
      caller,
      position,
      edge: { stream: batch.stream, number },
    })
    if (records.length > 0) {
      await recorder.keepMade(records.map(toRecord))
      await journal.durable()
    }
    const moved = await storage.transact((tx) =>
      moveEdgeStream(tx, application, batch.stream, held, now, node, clock.nowMs()),
    )
    if (!moved) {
      // Another node took a batch of this stream meanwhile: its sender hears how far it has come.
      const newest = await findEdgeStream(storage.db, application, batch.stream)
      if (newest.sequence === now.sequence && newest.hash === now.hash) return newest
      throw new Fault('authorization.stream_gap', { extra: { ...newest } })
    }
    if (this.#known.size >= streamsMost) this.#known.delete(this.#known.keys().next().value as string)
    this.#known.set(key, now.sequence)
    return now
  }

  async #notYetKept(stream: string, records: readonly EdgeRecord[]): Promise<EdgeRecord[]> {
    const left: EdgeRecord[] = []
    for (const record of records) {
      const found = await this.#deps.journal.find(record.requestId)
      if (!found.some(({ edge }) => edge?.stream === stream && edge.number === record.number)) left.push(record)
    }
    return left
  }
}
