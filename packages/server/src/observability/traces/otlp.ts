import type { SpanValue } from '#kernel'
import type { EndedSpan, Kind } from './span.ts'

/** Numbers of `Span.SpanKind` and `Status.StatusCode` in opentelemetry/proto/trace/v1/trace.proto. */
const kinds = { internal: 1, server: 2, client: 3 } as const satisfies Record<Kind, number>
const statusError = 2

export interface Resource {
  readonly serviceName: string
  /** Tells nodes apart. */
  readonly instanceId: string
}

/** `ExportTraceServiceRequest` in OTLP's JSON: ids in hex, 64-bit integers as text (OTLP 1.x, "JSON Protobuf Encoding"). */
export function toOtlp(spans: readonly EndedSpan[], resource: Resource): object {
  return {
    resourceSpans: [
      {
        resource: {
          attributes: attributesOf([
            ['service.name', resource.serviceName],
            ['service.instance.id', resource.instanceId],
          ]),
        },
        scopeSpans: [{ scope: { name: 'gatehouse' }, spans: spans.map(toSpan) }],
      },
    ],
  }
}

function toSpan(span: EndedSpan): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentId !== undefined && { parentSpanId: span.parentId }),
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(Math.max(span.startMs, span.endMs)),
    attributes: attributesOf(span.attributes),
    ...(span.failed && { status: { code: statusError, ...(span.says !== undefined && { message: span.says }) } }),
    flags: 1,
  }
}

/** Microseconds are as fine as a double holds since 1970. */
const nanos = (ms: number) => `${Math.round(ms * 1_000)}000`

const attributesOf = (pairs: Iterable<readonly [string, SpanValue]>) =>
  [...pairs].map(([key, value]) => ({ key, value: anyValue(value) }))

function anyValue(value: SpanValue): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}
