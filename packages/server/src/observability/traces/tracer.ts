import { type Clock, type Entropy, type RequestSpan, readTraceparent, type Span, type Tracer } from '#kernel'
import { type EndedSpan, newRecording, RecordedSpan } from './span.ts'

/** Whatever senders ask for, no more requests a second are recorded. */
const tracesPerSecond = 200

/**
 * Which requests are recorded: those whose sender records them (`traceparent` with the sampled flag; W3C Trace Context §3.2.2.5), and
 * of those that come without one a share.
 */
export class SamplingTracer implements Tracer {
  readonly #deps: { readonly clock: Clock; readonly entropy: Entropy; readonly take: (span: EndedSpan) => void }
  readonly #share: number
  #supply = Buffer.alloc(0)
  #used = 0
  #second = 0
  #thisSecond = 0

  /** @param share from 0 to 1 */
  constructor(deps: { clock: Clock; entropy: Entropy; take: (span: EndedSpan) => void }, share: number) {
    this.#deps = deps
    this.#share = share
  }

  enter(traceparent: string | undefined, describe: () => RequestSpan): Span | undefined {
    const sent = traceparent === undefined ? undefined : readTraceparent(traceparent)
    if (sent === undefined ? this.#draw() >= this.#share : !sent.sampled) return undefined
    const { clock, entropy, take } = this.#deps
    const nowMs = clock.nowMs()
    if (!this.#admit(Math.floor(nowMs / 1_000))) return undefined
    const traceId = sent?.traceId ?? Buffer.from(entropy.bytes(16)).toString('hex')
    const recording = newRecording({ traceId, entropy, epochMs: nowMs - performance.now(), take })
    const { name, attributes } = describe()
    return new RecordedSpan(recording, name, 'server', sent?.parentId, attributes === undefined ? {} : { attributes })
  }

  /** From 0 to 1, out of a supply: most requests need no more randomness than this. */
  #draw(): number {
    if (this.#share === 0) return 1
    if (this.#used + 4 > this.#supply.length) {
      this.#supply = Buffer.from(this.#deps.entropy.bytes(4_096))
      this.#used = 0
    }
    this.#used += 4
    return this.#supply.readUInt32LE(this.#used - 4) / 2 ** 32
  }

  #admit(second: number): boolean {
    if (second !== this.#second) {
      this.#second = second
      this.#thisSecond = 0
    }
    return ++this.#thisSecond <= tracesPerSecond
  }
}
