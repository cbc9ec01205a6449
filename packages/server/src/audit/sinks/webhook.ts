import { createHmac } from 'node:crypto'
import type { FeedEvent } from '#feed'
import type { Clock, Secret } from '#kernel'
import type { Outgoing, OutgoingReply } from '#web'
import { type Format, inTurns, toLine } from './format.ts'
import { Refused, type Sink, SinkLies } from './sink.ts'

export interface WebhookOptions {
  readonly name: string
  readonly url: string
  readonly format: Format
  /** Of the signature; at least 16 bytes. */
  readonly secret: Secret
}

/**
 * Batches as NDJSON by POST, signed as Standard Webhooks does: `webhook-id`, `webhook-timestamp`, `webhook-signature`
 * (`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body, joined by dots). The receiver may say in
 * `gatehouse-received` up to which position it has kept everything; it is held to that.
 */
export function webhookSink(outgoing: Outgoing, clock: Clock, options: WebhookOptions): Sink {
  return {
    name: options.name,
    kind: 'webhook',
    settleMs: 0,
    send: async (events: readonly FeedEvent[]) => {
      const body = (await inTurns(events, (event) => `${toLine(event, options.format)}\n`)).join('')
      const [first, last] = [events[0]?.position, events.at(-1)?.position]
      const id = `${options.name}-${first}-${last}`
      const timestamp = String(Math.floor(clock.nowMs() / 1_000))
      const signature = createHmac('sha256', options.secret.reveal())
        .update(`${id}.${timestamp}.${body}`)
        .digest('base64')
      const reply = await outgoing.send(options.url, {
        body,
        headers: {
          'content-type': 'application/x-ndjson; charset=utf-8',
          'webhook-id': id,
          'webhook-timestamp': timestamp,
          'webhook-signature': `v1,${signature}`,
        },
      })
      requireTaken(reply)
      const told = reply.headers['gatehouse-received']
      if (told !== undefined && told !== String(last))
        throw new SinkLies(
          `it says it has kept everything up to ${String(told).slice(0, 40)}; it was sent ${first} to ${last}`,
        )
    },
    close: async () => undefined,
  }
}

/** @throws {Refused} for what a repetition cannot mend, `Error` for the rest */
export function requireTaken(reply: OutgoingReply): void {
  if (reply.status >= 200 && reply.status < 300) return
  const says = `it answered ${reply.status} ${reply.body.toString('utf8').slice(0, 200)}`.trim()
  if ([400, 413, 415, 422].includes(reply.status)) throw new Refused(says)
  throw new Error(says)
}
