import { parseJson, type Request } from '@gatehouse/cedar'
import { realSurroundings, type Surroundings } from '../clock.ts'
import { GatehouseError } from '../errors.ts'
import type { AskOptions, Decider, Evaluation, EvaluationResult } from '../evaluation.ts'
import type { Gatehouse } from '../gatehouse.ts'
import { requestIdOf } from '../remote/centre.ts'
import { readJson } from '../remote/client-credentials.ts'
import { type Freshness, LineStream } from '../remote/line-stream.ts'
import { type Bounds, type Way, wayOf } from './bounds.ts'
import { type Decided, decide, obligationsOf } from './decide.ts'
import { type JournalOptions, LocalJournal } from './journal.ts'
import { writeLine } from './line.ts'
import { type FallbackOutcome, type FallbackReason, LocalCounts, type LocalMeasures } from './measures.ts'
import { Replica } from './replica.ts'
import type { Segment } from './spool.ts'
import { translate } from './translate.ts'

export interface LocalDecisionsOptions {
  /** How old the replica may be, by kind of decision. */
  readonly bounds?: Bounds
  readonly journal?: JournalOptions
  readonly surroundings?: Surroundings
}

/** As much of a question as says where it is answered. */
interface Asked {
  readonly subject: { readonly type: string }
  readonly action: { readonly name: string }
}

/** When decisions are made that are asked for together, and how old what they are made from is then. */
interface Now {
  readonly nowMs: number
  readonly stalenessMs: number
  /** Monotonic: when the last of them was made. */
  lastMs: number
}

/** A subject of this type is an access token, which the centre reads. */
const tokenType = 'access_token'

/**
 * Decides in this process: holds the application's policies, grants and entities, follows their changes, says how old it may be, and puts
 * every decision on record, here first and then at the server. What it may not decide by its bounds it asks the centre.
 */
export class LocalDecisions implements Decider {
  readonly #gatehouse: Gatehouse
  readonly #bounds: Bounds
  readonly #surroundings: Surroundings
  readonly #stream: LineStream
  readonly #journal: LocalJournal
  readonly #ready = Promise.withResolvers<void>()
  readonly #counts = new LocalCounts()
  #replica: Replica | undefined
  /** Being filled, until it is whole. */
  #next: Replica | undefined
  #freshness: Freshness | undefined
  #sequence = 0
  #cursor: string | undefined

  constructor(gatehouse: Gatehouse, options: LocalDecisionsOptions = {}) {
    const { surroundings = realSurroundings } = options
    this.#gatehouse = gatehouse
    this.#bounds = options.bounds ?? {}
    this.#surroundings = surroundings
    const nowMs = () => surroundings.nowMs()
    const ship = (segment: Segment, watermarkMs: number) => this.#ship(segment, watermarkMs)
    this.#journal = new LocalJournal(options.journal ?? {}, ship, nowMs, gatehouse.onError)
    this.#stream = new LineStream(
      {
        open: (signal) => this.#open(signal),
        onOpen: () => {
          this.#counts.connections++
          this.#sequence = 0
        },
        onLine: (line, freshness) => this.#take(line, freshness),
        parse: parseJson,
        onError: gatehouse.onError,
      },
      surroundings,
    )
    this.#stream.start()
  }

  /** Resolves once there is something to decide from. */
  ready(): Promise<void> {
    return this.#ready.promise
  }

  /** How old what is decided from may be at most. */
  get stalenessMs(): number {
    return this.#stalenessAt(this.#surroundings.monotonicMs())
  }

  async evaluate(evaluation: Evaluation, options: AskOptions = {}): Promise<EvaluationResult> {
    const now = this.#now()
    const way = this.#wayOf(evaluation, options, now)
    if (way === 'ask') return this.#askCentre(evaluation, options)
    const result = this.#decideNow(evaluation, requestIdOf(options.requestId), now)
    await this.#journal.keep()
    return result
  }

  /** Decides a list, each by itself, in order; all are on record before the answer. */
  async evaluateAll(evaluations: readonly Evaluation[], options: AskOptions = {}): Promise<EvaluationResult[]> {
    const requestId = requestIdOf(options.requestId)
    const now = this.#now()
    const results: EvaluationResult[] = []
    const asked: Promise<void>[] = []
    for (const [at, evaluation] of evaluations.entries()) {
      if (this.#wayOf(evaluation, options, now) !== 'ask') results[at] = this.#decideNow(evaluation, requestId, now)
      else {
        const answer = this.#askCentre(evaluation, { ...options, requestId })
        const one = answer.then((result) => {
          results[at] = result
        })
        // Where a later one throws, nobody is left to hear of this one: that must not end the process.
        one.catch(() => undefined)
        asked.push(one)
      }
    }
    if (asked.length < evaluations.length) asked.push(this.#journal.keep())
    await Promise.all(asked)
    return results
  }

  /** What is held now, for enforcement points that ask in Cedar's own terms; undefined before there is anything. */
  get replica(): Replica | undefined {
    return this.#replica
  }

  /**
   * How an action is to be decided, by its bound and the replica's age; counted. @throws {GatehouseError} `replica.stale`: not at all
   */
  wayOf(action: string): 'local' | 'ask' {
    return this.#wayOf({ subject: { type: '' }, action: { name: action } }, {}, this.#now()) === 'local'
      ? 'local'
      : 'ask'
  }

  /** Counts a question that only the centre can answer. */
  countAsked(why: FallbackReason): void {
    this.#ask(why)
  }

  /** Counts what came of a question that somebody else put to the centre, because of this one's bounds or by itself. */
  countAnswer(outcome: FallbackOutcome): void {
    this.#counts.fallbackOutcomes[outcome]++
  }

  /** Puts a decision on record that was made from `replica`. Resolves once it is. @throws {GatehouseError} `journal.full` */
  keepDecision(requestId: string, request: Request, decided: Decided, nowMs: number, tookMs: number): Promise<void> {
    this.#journal.requireRoom(1)
    const { next } = this.#journal
    writeLine(this.#journal.add(), next, nowMs, requestId, request, decided, tookMs)
    this.#counts.decisions[decided.outcome]++
    return this.#journal.keep()
  }

  measures(): LocalMeasures {
    const replica = this.#replica
    return {
      stalenessMs: this.stalenessMs,
      entities: replica?.entities.size ?? 0,
      grants: replica?.grants(this.#surroundings.nowMs()).size ?? 0,
      bundle: replica?.bundle?.hash ?? '',
      ...this.#counts.copy(),
      shipped: this.#journal.shipped,
      waiting: this.#journal.waiting,
    }
  }

  /** Ships what is on record as far as the server takes it, and stops. What it does not take stays in the journal's directory. */
  async close(): Promise<void> {
    await this.#stream.close()
    await this.#journal.close()
  }

  async #askCentre(evaluation: Evaluation, options: AskOptions): Promise<EvaluationResult> {
    try {
      const result = await this.#gatehouse.centre.evaluate(evaluation, options)
      this.countAnswer(result.decision ? 'allow' : 'deny')
      return result
    } catch (error) {
      this.countAnswer('failed')
      throw error
    }
  }

  #now(): Now {
    const monotonicMs = this.#surroundings.monotonicMs()
    return { nowMs: this.#surroundings.nowMs(), lastMs: monotonicMs, stalenessMs: this.#stalenessAt(monotonicMs) }
  }

  #stalenessAt(monotonicMs: number): number {
    return monotonicMs - (this.#freshness?.asOfMs ?? Number.NEGATIVE_INFINITY)
  }

  #wayOf({ subject, action }: Asked, { atLeast }: AskOptions, { stalenessMs }: Now): Way {
    if (atLeast !== undefined) return this.#ask('at_least')
    if (subject.type === tokenType) return this.#ask('token')
    const way = wayOf(this.#bounds, action.name, stalenessMs)
    if (way === 'ask') return this.#ask(wayOf(this.#bounds, action.name, 0) === 'ask' ? 'bound' : 'stale')
    if (way === 'local') return 'local'
    this.#counts.refused++
    throw new GatehouseError('replica.stale', 'What is known here is too old to decide this', { retryAfterSeconds: 1 })
  }

  #ask(why: FallbackReason): 'ask' {
    this.#counts.fallbacks[why]++
    return 'ask'
  }

  #decideNow(evaluation: Evaluation, requestId: string, now: Now): EvaluationResult {
    const replica = this.#replica as Replica
    const { nowMs } = now
    this.#journal.requireRoom(1)
    const { request, view } = translate(replica, evaluation)
    const decided: Decided = decide(replica, request, view, nowMs)
    const obligations = obligationsOf(replica, decided, request, nowMs)
    const endedAt = this.#surroundings.monotonicMs()
    const tookMs = endedAt - now.lastMs
    now.lastMs = endedAt
    const { next } = this.#journal
    writeLine(this.#journal.add(), next, nowMs, requestId, request, decided, tookMs)
    this.#counts.decisions[decided.outcome]++
    return { decision: decided.allow, obligations, by: 'local' }
  }

  #open(signal: AbortSignal): Promise<Response> {
    const after = this.#replica === undefined ? undefined : this.#cursor
    const query = new URLSearchParams({ stream: this.#journal.stream, ...(after !== undefined && { after }) })
    return this.#gatehouse.openStream(`/access/v1/replica?${query}`, signal)
  }

  /** INVARIANT: a replica is decided from only while it is whole; what breaks it makes a new one. */
  #take(line: Readonly<Record<string, unknown>>, freshness: Freshness): void {
    const { kind, sequence, cursor, asOfMs } = line
    try {
      const nowMs = this.#surroundings.nowMs()
      switch (kind) {
        case 'hello':
          freshness.begin(Number(line.atMs))
          this.#next =
            line.resumed === true
              ? this.#replica
              : new Replica(String(line.application), line.directoryTypes as string[])
          if (this.#next === undefined) throw new Error('the server resumed what is not there')
          break
        case 'change':
          if (sequence !== ++this.#sequence) throw new Error('a change is missing')
          this.#replica?.take(line, nowMs)
          break
        case 'beat':
          if (sequence !== this.#sequence) throw new Error('a change is missing')
          break
        case 'ready':
          this.#replica = this.#next
          this.#next = undefined
          this.#freshness = freshness
          this.#ready.resolve()
          break
        default:
          this.#next?.take(line, nowMs)
      }
    } catch (error) {
      // What was half taken in is neither decided from nor resumed: the next connection brings everything.
      this.#cursor = undefined
      this.#freshness = undefined
      throw error
    }
    if (typeof cursor === 'string') this.#cursor = cursor
    if (typeof asOfMs === 'number') freshness.whole(asOfMs)
  }

  async #ship(segment: Segment, watermarkMs: number) {
    const { stream, sequence, previous } = segment
    const query = new URLSearchParams({
      stream,
      sequence: String(sequence),
      previous,
      watermarkMs: String(watermarkMs),
      ...(this.#cursor !== undefined && { cursor: this.#cursor }),
    })
    const answer = await this.#gatehouse.centre.send(`/access/v1/journal?${query}`, segment.read(), {})
    if (answer.status === 200) return 'taken' as const
    const held = readJson(answer.body)
    if (answer.status === 409 && typeof held?.sequence === 'number') return { sequence: held.sequence }
    throw new Error(`the journal answered ${answer.status} ${String(held?.detail ?? held?.title ?? '')}`)
  }
}
