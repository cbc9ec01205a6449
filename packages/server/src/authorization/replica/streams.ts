import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { type Entropy, Fault, type Meter } from '#kernel'
import '../faults.ts'
import { OpenStream } from './open-stream.ts'
import type { Standing } from './standing.ts'

/** Most streams of all kinds at a time. */
const most = 2_000
/** How long a stream lives, and how much of that is left to chance, so that its readers do not all come at once. */
const lifeMs = 600_000
export const beatMs = 500

export type StreamKind = 'revocations' | 'replica'

export interface Streaming {
  readonly stream: OpenStream
  readonly kind: StreamKind
  readonly stands: Standing
  /** Called twice a second: tells as of when all is told. Ends the stream when its reader may no more. */
  beat(): void
}

/** The streams of lines that are open at this node. */
export class Streams {
  readonly #entropy: Entropy
  readonly #open = new Set<Streaming>()
  readonly #onBeat: () => Promise<void>
  readonly #onError: (where: string, error: unknown) => void
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(deps: {
    readonly entropy: Entropy
    readonly meter: Meter
    /** Before each beat; streams beat whether it fails or not. */
    readonly onBeat: () => Promise<void>
    readonly onError: (where: string, error: unknown) => void
  }) {
    this.#entropy = deps.entropy
    this.#onBeat = deps.onBeat
    this.#onError = deps.onError
    const open = this.#open
    deps.meter.gauge(
      'authorization_streams_open',
      'Streams of changes that applications follow',
      ['kind'],
      function () {
        for (const kind of ['revocations', 'replica'])
          this.set({ kind }, [...open].filter((one) => one.kind === kind).length)
      },
    )
  }

  /**
   * Answers with the lines of a new stream until it ends.
   * @param stands asked twice a second: the stream ends with the credential that opened it
   * @param begin makes what sends into it; what it yields goes out before anything that is pushed
   * @throws {Fault} `authorization.streams_full`
   */
  serve(
    reply: FastifyReply,
    kind: StreamKind,
    stands: Standing,
    begin: (stream: OpenStream) => { beat(): void; first: AsyncIterable<string>; stop(): void },
  ): FastifyReply {
    if (this.#closed || this.#open.size >= most) throw new Fault('authorization.streams_full', { retryAfterSeconds: 2 })
    const chance = (this.#entropy.bytes(1)[0] as number) / 256
    const stream = new OpenStream(performance.now() + lifeMs * (0.75 + chance / 2))
    const { beat, first, stop } = begin(stream)
    const streaming: Streaming = { stream, kind, stands, beat }
    this.#open.add(streaming)
    this.#timer ??= setInterval(() => void this.#beatAll(), beatMs)
    const forget = () => {
      if (!this.#open.delete(streaming)) return
      stop()
      if (this.#open.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    const all = async function* () {
      try {
        for await (const line of first) {
          if (stream.ended) return
          yield `${line}\n`
        }
        yield* stream.lines()
      } finally {
        forget()
      }
    }
    // A reader that goes before the first line is read never runs the generator's `finally`.
    reply.raw.once('close', () => {
      stream.end()
      forget()
    })
    reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type('application/x-ndjson')
    return reply.send(Readable.from(all(), { objectMode: false }))
  }

  /** Ends all streams: their readers go to another node, or come again. */
  close(): void {
    this.#closed = true
    for (const { stream } of this.#open) stream.end()
  }

  async #beatAll(): Promise<void> {
    // INVARIANT: before the database is asked anything: a stream does not outlive its credential because that does not answer.
    for (const { stream, stands } of [...this.#open]) {
      if (performance.now() >= stream.endsAtMs) stream.end()
      else
        void stands().then(
          (still) => still || stream.end(),
          () => stream.end(),
        )
    }
    await this.#onBeat().catch((error) => this.#onError('freshness of streams', error))
    for (const { stream, beat } of [...this.#open]) if (!stream.ended) beat()
  }
}
