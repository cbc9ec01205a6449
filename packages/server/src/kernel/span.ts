import { AsyncLocalStorage } from 'node:async_hooks'

export type SpanValue = string | number | boolean

export interface SpanOptions {
  /** `client` for a request that goes out. Default: work inside this process. */
  readonly kind?: 'internal' | 'client'
  readonly attributes?: Readonly<Record<string, SpanValue | undefined>>
  /** From `performance.now()`. Default: now. */
  readonly startedAt?: number
}

/** One step of a request that is recorded (OpenTelemetry): where nothing is recorded there is none, and it costs nothing. */
export interface Span {
  /** 32 and 16 hex digits (W3C Trace Context §3.2.2). */
  readonly traceId: string
  readonly spanId: string
  /** What a request that this step sends carries on. */
  readonly traceparent: string
  set(name: string, value: SpanValue): void
  fail(error: unknown): void
  /** A step inside this one. */
  child(name: string, options?: SpanOptions): Span
  end(): void
}

export interface RequestSpan {
  readonly name: string
  readonly attributes?: SpanOptions['attributes']
}

/** Begins the spans of requests that come in. */
export interface Tracer {
  /**
   * @param traceparent the sender's, as it came
   * @param describe asked only when the request is recorded: most are not
   * @returns undefined for a request that is not recorded
   */
  enter(traceparent: string | undefined, describe: () => RequestSpan): Span | undefined
}

const spans = new AsyncLocalStorage<Span | undefined>()
let used = false

/** The step that this code runs for; undefined where nothing is recorded. */
export function activeSpan(): Span | undefined {
  return used ? spans.getStore() : undefined
}

export function inSpan<T>(span: Span, body: () => T): T {
  used = true
  return spans.run(span, body)
}

/** Runs what outlives the request that sets it off: none of its steps count to that request. */
export function outsideSpans<T>(body: () => T): T {
  return used ? spans.run(undefined, body) : body()
}

/** Runs `body` as a step of whatever is recorded here; just runs it where nothing is. */
export async function step<T>(name: string, options: SpanOptions, body: (span?: Span) => Promise<T>): Promise<T> {
  const parent = activeSpan()
  if (parent === undefined) return body()
  const span = parent.child(name, options)
  try {
    return await inSpan(span, () => body(span))
  } catch (error) {
    span.fail(error)
    throw error
  } finally {
    span.end()
  }
}

const shape = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/** What a `traceparent` says (W3C Trace Context §3.2); undefined for one that must be ignored. */
export function readTraceparent(
  text: unknown,
): { readonly traceId: string; readonly parentId: string; readonly sampled: boolean } | undefined {
  const found = typeof text === 'string' && text.length <= 128 ? shape.exec(text) : null
  if (found === null) return undefined
  const [, version, traceId = '', parentId = '', flags = '', more] = found
  if (version === '00' && more !== undefined) return undefined
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}
