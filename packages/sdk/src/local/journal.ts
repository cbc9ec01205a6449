import { GatehouseError } from '../errors.ts'
import { LineBytes } from '../lines/line-bytes.ts'
import { sleep } from '../remote/caller.ts'
import { type Segment, Spool } from './spool.ts'

export interface JournalOptions {
  /** Where decisions are kept until the server has them; without one, in memory. */
  readonly directory?: string
  /** A segment is shipped at this age. Default 1 s. */
  readonly shipMs?: number
  /** Most decisions that wait for the server; then none is made here. Default 1,000,000. */
  readonly waitingMost?: number
}

/** Sends one segment. @returns `taken`, or `gap` when the server knows another course of the stream */
export type Ship = (segment: Segment, watermarkMs: number) => Promise<'taken' | { readonly sequence: number }>

const linesMost = 10_000
const bytesMost = 4 * 2 ** 20
/** So often a stream says that nothing was decided. */
const quietMs = 60_000

/**
 * Decisions on record before they are answered, shipped in order, forgotten once the server has them. What is written in one turn of the
 * event loop is one write.
 */
export class LocalJournal {
  readonly #spool: Spool
  readonly #ship: Ship
  readonly #nowMs: () => number
  readonly #waitingMost: number
  readonly #onError: (error: unknown) => void
  readonly #queue: { readonly segment: Segment; readonly watermarkMs: number }[] = []
  readonly #timer: NodeJS.Timeout
  readonly #lines = new LineBytes()
  /** How many lines it holds. */
  #count = 0
  #turn: Promise<void> | undefined
  #waiting = 0
  #shipping: Promise<void> | undefined
  #closedAtMs: number
  #stop = new AbortController()
  shipped = 0

  constructor(options: JournalOptions, ship: Ship, nowMs: () => number, onError: (error: unknown) => void) {
    this.#spool = new Spool(options.directory)
    this.#ship = ship
    this.#nowMs = nowMs
    this.#onError = onError
    this.#waitingMost = options.waitingMost ?? 1_000_000
    this.#closedAtMs = nowMs()
    for (const segment of this.#spool.leftovers()) this.#enqueue(segment)
    this.#timer = setInterval(() => this.#tick(), options.shipMs ?? 1_000)
    this.#timer.unref()
    if (this.#queue.length > 0) this.#startShipping()
  }

  /** Names the stream that is shipped. */
  get stream(): string {
    return this.#spool.stream
  }

  /** Decisions that the server does not have yet. */
  get waiting(): number {
    return this.#waiting + this.#spool.open.count + this.#count
  }

  /** The number that the next line must bear. */
  get next(): number {
    return this.#spool.next + this.#count
  }

  /** @throws {GatehouseError} `journal.full`: nothing may be decided here then */
  requireRoom(count: number): void {
    if (this.waiting + count > this.#waitingMost)
      throw new GatehouseError('journal.full', 'Decisions cannot be kept here until the server takes some')
  }

  /** Where the next line is to be written, which is then on record by the end of this turn. */
  add(): LineBytes {
    this.#count++
    return this.#lines
  }

  /** Resolves once all that was added is on record. @throws {GatehouseError} `journal.full` when it cannot be written */
  keep(): Promise<void> {
    this.#turn ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#turn = undefined
        try {
          this.#write()
          resolve()
        } catch (cause) {
          reject(new GatehouseError('journal.full', 'The decision could not be put on record', { cause }))
        }
      })
    })
    return this.#turn
  }

  /** Ships everything, as far as the server is there within `withinMs`, and stops. */
  async close(withinMs = 2_000): Promise<void> {
    clearInterval(this.#timer)
    this.#write()
    if (this.#spool.open.count > 0) this.#enqueue(this.#spool.close())
    this.#startShipping()
    const timer = setTimeout(() => this.#stop.abort(), withinMs)
    await this.#shipping
    clearTimeout(timer)
    this.#stop.abort()
  }

  #write(): void {
    const added = this.#count
    if (added === 0) return
    const lines = this.#lines.taken()
    this.#count = 0
    this.#lines.clear()
    this.#spool.append(lines, added)
    const { count, bytes } = this.#spool.open
    if (count >= linesMost || bytes >= bytesMost) this.#end()
  }

  #tick(): void {
    if (this.#spool.open.count > 0 || this.#nowMs() - this.#closedAtMs > quietMs) this.#end()
    else this.#startShipping()
  }

  #end(): void {
    this.#enqueue(this.#spool.close())
    this.#startShipping()
  }

  #enqueue(segment: Segment): void {
    this.#closedAtMs = this.#nowMs()
    this.#queue.push({ segment, watermarkMs: this.#closedAtMs })
    this.#waiting += segment.count
  }

  #startShipping(): void {
    if (this.#shipping !== undefined || this.#queue.length === 0 || this.#stop.signal.aborted) return
    this.#shipping = this.#shipAll().finally(() => {
      this.#shipping = undefined
    })
  }

  async #shipAll(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      const first = this.#queue[0]
      if (first === undefined) return
      try {
        const answer = await this.#ship(first.segment, first.watermarkMs)
        if (answer !== 'taken' && answer.sequence < first.segment.sequence)
          throw new Error(
            `the server has batch ${answer.sequence} of ${first.segment.stream}, we ship ${first.segment.sequence}`,
          )
        this.#queue.shift()
        this.#waiting -= first.segment.count
        this.shipped += first.segment.count
        this.#spool.forget(first.segment)
        failures = 0
      } catch (error) {
        this.#onError(error)
        await sleep(Math.min(30_000, 200 * 2 ** failures++) * (0.5 + Math.random()), this.#stop.signal).catch(
          () => undefined,
        )
      }
    }
  }
}
