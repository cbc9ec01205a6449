import type { FeedEvent } from '#feed'
import type { Outgoing } from '#web'
import { toVisibleJson } from './escape.ts'
import { type Format, inTurns, toLine } from './format.ts'
import { type Sink, SinkLies } from './sink.ts'
import { requireTaken } from './webhook.ts'

export interface OtlpOptions {
  readonly name: string
  /** As in `https://collector:4318/v1/logs`. */
  readonly url: string
  readonly format: Format
  readonly headers: Readonly<Record<string, string>>
}

const severity = { success: 9, failure: 13, denied: 13 } as const

/** OpenTelemetry logs by OTLP/HTTP with JSON encoding (OTLP 1.x, `ExportLogsServiceRequest`). */
export function otlpSink(outgoing: Outgoing, options: OtlpOptions): Sink {
  return {
    name: options.name,
    kind: 'otlp',
    settleMs: 0,
    send: async (events) => {
      const logRecords = await inTurns(events, (event) => toLogRecord(event, options.format))
      const resource = { attributes: [text('service.name', 'gatehouse')] }
      const body = toVisibleJson({
        resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'gatehouse.audit' }, logRecords }] }],
      })
      const reply = await outgoing.send(options.url, {
        body,
        headers: { 'content-type': 'application/json', ...options.headers },
      })
      requireTaken(reply)
      const rejected = readRejected(reply.body)
      if (rejected > 0) throw new SinkLies(`it answered success and rejected ${rejected} of ${events.length} records`)
    },
    close: async () => undefined,
  }
}

function toLogRecord(event: FeedEvent, format: Format): object {
  const attributes = [
    text('event.name', event.type),
    { key: 'gatehouse.position', value: { intValue: String(event.position) } },
    text('gatehouse.request', event.requestId),
    text('gatehouse.outcome', event.outcome),
    text('enduser.id', event.actor.id ?? event.actor.name),
  ]
  if (event.organizationId !== undefined) attributes.push(text('gatehouse.organization', event.organizationId))
  return {
    timeUnixNano: `${event.atMs}000000`,
    severityNumber: severity[event.outcome],
    body: { stringValue: toLine(event, format) },
    attributes,
    ...(event.context.traceId !== undefined && { traceId: event.context.traceId }),
  }
}

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } as Record<string, string> })

/** `partialSuccess.rejectedLogRecords` of an `ExportLogsServiceResponse`: an int64, so a string or a number in JSON. */
function readRejected(body: Buffer): number {
  try {
    const { partialSuccess } = JSON.parse(body.toString('utf8')) as {
      partialSuccess?: { rejectedLogRecords?: unknown }
    }
    return Number(partialSuccess?.rejectedLogRecords ?? 0)
  } catch {
    return 0
  }
}
