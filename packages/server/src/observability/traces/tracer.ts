import { type Clock, type Entropy, readTraceparent, type Span, type SpanOptions, type Tracer } from '#kernel'
import { type EndedSpan, newRecording, RecordedSpan } from './span.ts'

/** Whatever senders ask for, no more requests a second are recorded. */
const tracesPerSecond = 200

/**
 * Which requests are recorded: those whose sender records them (`traceparent` with the sampled flag; W3C Trace Context §3.2.2.5), and
 * of those that come without one a share, by their new trace id.
 */
export class SamplingTracer implements Tracer {
  readonly #deps: { readonly clock: Clock; readonly entropy: Entropy; readonly take: (span: EndedSpan) => void }
  readonly #share: number
  #second = 0
  #thisSecond = 0

  /** @param share from 0 to 1 */
  constructor(deps: { clock: Clock; entropy: Entropy; take: (span: EndedSpan) => void }, share: number) {
    this.#deps = deps
    this.#share = share
  }

  enter(name: string, traceparent: string | undefined, attributes: SpanOptions['attributes'] = {}): Span | undefined {
    const sent = traceparent === undefined ? undefined : readTraceparent(traceparent)
    if (sent === undefined ? this.#share === 0 : !sent.sampled) return undefined
    const { clock, entropy, take } = this.#deps
    const traceId = sent?.traceId ?? Buffer.from(entropy.bytes(16)).toString('hex')
    // 52 random bits: as many as a number holds.
    if (sent === undefined && Number.parseInt(traceId.slice(-13), 16) >= this.#share * 2 ** 52) return undefined
    const nowMs = clock.nowMs()
    if (!this.#admit(Math.floor(nowMs / 1_000))) return undefined
    const epochMs = nowMs - performance.now()
    return new RecordedSpan(newRecording({ traceId, entropy, epochMs, take }), name, 'server', sent?.parentId, {
      attributes,
    })
  }

  #admit(second: number): boolean {
    if (second !== this.#second) {
      this.#second = second
      this.#thisSecond = 0
    }
    return ++this.#thisSecond <= tracesPerSecond
  }
}
