import type { FeedEvent } from '#feed'

/** A place outside that gets every event of the audit log, in order. */
export interface Sink {
  readonly name: string
  readonly kind: 'syslog' | 'webhook' | 'file' | 'otlp'
  /**
   * How long after `send` the place may still lose what it took without saying so (a protocol without acknowledgements):
   * the cursor follows that much later, and what is in between is sent again after a failure.
   */
  readonly settleMs: number
  /**
   * Hands over a batch, all or none as far as the protocol can tell; repeating one is harmless, each event carries its
   * position.
   * @throws {Refused} when the place will never take this; {SinkLies} when it says what cannot be; else it is tried again
   */
  send(events: readonly FeedEvent[]): Promise<void>
  close(): Promise<void>
}

/** The place takes this content under no circumstances (HTTP 400, 413, 422): what it is, is put aside. */
export class Refused extends Error {}

/** The place has acknowledged what it cannot have, or lost what it had: nothing goes on until it is put right. */
export class SinkLies extends Error {}
