import type { Entropy, Span, SpanOptions, SpanValue } from '#kernel'

/** A request records at most this many steps: one that lists a directory must not fill a collector. */
const spansMost = 256
const textMost = 1_000

export type Kind = 'internal' | 'server' | 'client'

/** A step that has ended. Times are milliseconds since the epoch, with fractions. */
export interface EndedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: Kind
  readonly startMs: number
  readonly endMs: number
  readonly attributes: ReadonlyMap<string, SpanValue>
  readonly failed: boolean
  readonly says: string | undefined
}

/** What all spans of one trace in this process share. */
export interface Recording {
  readonly traceId: string
  readonly entropy: Pick<Entropy, 'bytes'>
  /** Milliseconds since the epoch when `performance.now()` was 0, by the clock as the request began. */
  readonly epochMs: number
  readonly take: (span: EndedSpan) => void
  left: number
}

export const newRecording = (recording: Omit<Recording, 'left'>): Recording => ({ ...recording, left: spansMost })

export class RecordedSpan implements Span {
  readonly spanId: string
  readonly #recording: Recording
  readonly #name: string
  readonly #kind: Kind
  readonly #parentId: string | undefined
  readonly #startedAt: number
  readonly #attributes = new Map<string, SpanValue>()
  #failed = false
  #says: string | undefined
  #ended = false

  constructor(
    recording: Recording,
    name: string,
    kind: Kind,
    parentId: string | undefined,
    { attributes = {}, startedAt = performance.now() }: SpanOptions,
  ) {
    this.#recording = recording
    this.#name = name
    this.#kind = kind
    this.#parentId = parentId
    this.#startedAt = startedAt
    this.spanId = Buffer.from(recording.entropy.bytes(8)).toString('hex')
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined) this.set(key, value)
  }

  get traceId(): string {
    return this.#recording.traceId
  }

  get traceparent(): string {
    return `00-${this.traceId}-${this.spanId}-01`
  }

  set(name: string, value: SpanValue): void {
    this.#attributes.set(name, typeof value === 'string' ? value.slice(0, textMost) : value)
  }

  /** The code of a fault or of the system, never a message: those name people and things. */
  fail(error: unknown): void {
    this.#failed = true
    if (error === undefined) return
    const { code, name } = error as { code?: unknown; name?: unknown }
    this.#says = typeof code === 'string' ? code : typeof name === 'string' ? name : 'error'
    this.set('error.type', this.#says)
  }

  child(name: string, options: SpanOptions = {}): Span {
    return new RecordedSpan(this.#recording, name, options.kind ?? 'internal', this.spanId, options)
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    const recording = this.#recording
    // The request's own span is always kept: without it the others hang in the air.
    if (this.#kind !== 'server' && --recording.left < 0) return
    recording.take({
      traceId: recording.traceId,
      spanId: this.spanId,
      parentId: this.#parentId,
      name: this.#name,
      kind: this.#kind,
      startMs: recording.epochMs + this.#startedAt,
      endMs: recording.epochMs + performance.now(),
      attributes: this.#attributes,
      failed: this.#failed,
      says: this.#says,
    })
  }
}
