// A collector of OpenTelemetry: takes spans by OTLP/HTTP and refuses whatever the published schema does not know.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: number
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly status: number
}

type Shape =
  | 'id16'
  | 'id8'
  | 'string'
  | 'nanos'
  | 'number'
  | 'boolean'
  | 'int64'
  | readonly [string]
  | { readonly of: string }

/**
 * opentelemetry/proto/collector/trace/v1/trace_service.proto and what it imports, in the JSON of OTLP 1.x: lowerCamelCase, ids in hex, 64-bit
 * integers as text, enumerations as numbers.
 */
const schema: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  ExportTraceServiceRequest: { resourceSpans: ['ResourceSpans'] },
  ResourceSpans: { resource: { of: 'Resource' }, scopeSpans: ['ScopeSpans'], schemaUrl: 'string' },
  Resource: { attributes: ['KeyValue'], droppedAttributesCount: 'number' },
  ScopeSpans: { scope: { of: 'InstrumentationScope' }, spans: ['Span'], schemaUrl: 'string' },
  InstrumentationScope: {
    name: 'string',
    version: 'string',
    attributes: ['KeyValue'],
    droppedAttributesCount: 'number',
  },
  Span: {
    traceId: 'id16',
    spanId: 'id8',
    traceState: 'string',
    parentSpanId: 'id8',
    flags: 'number',
    name: 'string',
    kind: 'number',
    startTimeUnixNano: 'nanos',
    endTimeUnixNano: 'nanos',
    attributes: ['KeyValue'],
    droppedAttributesCount: 'number',
    events: ['Event'],
    droppedEventsCount: 'number',
    links: ['Link'],
    droppedLinksCount: 'number',
    status: { of: 'Status' },
  },
  Event: { timeUnixNano: 'nanos', name: 'string', attributes: ['KeyValue'], droppedAttributesCount: 'number' },
  Link: { traceId: 'id16', spanId: 'id8', traceState: 'string', attributes: ['KeyValue'], flags: 'number' },
  Status: { message: 'string', code: 'number' },
  KeyValue: { key: 'string', value: { of: 'AnyValue' } },
  AnyValue: { stringValue: 'string', boolValue: 'boolean', intValue: 'int64', doubleValue: 'number' },
}

const fits: Record<string, (value: unknown) => boolean> = {
  id16: (value) => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value),
  id8: (value) => typeof value === 'string' && /^[0-9a-f]{16}$/.test(value),
  string: (value) => typeof value === 'string',
  nanos: (value) => typeof value === 'string' && /^\d{19}$/.test(value),
  int64: (value) => typeof value === 'string' && /^-?\d{1,19}$/.test(value),
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
}

/** @throws where it is not what the schema says */
export function checkOtlp(message: string, given: unknown, at = message): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new Error(`${at} is no object`)
  for (const [field, value] of Object.entries(given)) {
    const shape = schema[message]?.[field]
    const place = `${at}.${field}`
    if (shape === undefined) throw new Error(`${place} is unknown to the schema`)
    if (typeof shape === 'string') {
      if (!fits[shape]?.(value)) throw new Error(`${place} is no ${shape}: ${JSON.stringify(value)}`)
    } else if ('of' in shape) checkOtlp(shape.of, value, place)
    else {
      if (!Array.isArray(value)) throw new Error(`${place} is no list`)
      for (const one of value) checkOtlp(shape[0], one, place)
    }
  }
}

export interface Collector {
  /** For `GATEHOUSE_TRACES_URL`. */
  readonly url: string
  readonly spans: CollectedSpan[]
  /** What was sent, as it came. */
  readonly bodies: string[]
  readonly headers: Record<string, unknown>[]
  /** Statuses of the next answers; then 200. */
  readonly answers: number[]
  close(): Promise<void>
}

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = []
  const bodies: string[] = []
  const headers: Record<string, unknown>[] = []
  const answers: number[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8')
      const status = answers.shift() ?? 200
      if (status !== 200) return void response.writeHead(status, { 'retry-after': '0' }).end()
      try {
        if (request.method !== 'POST' || request.url !== '/v1/traces') throw new Error(`${request.url} is no signal`)
        const message = JSON.parse(body)
        checkOtlp('ExportTraceServiceRequest', message)
        headers.push({ ...request.headers })
        bodies.push(body)
        spans.push(...spansOf(message))
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      } catch (error) {
        response.writeHead(400).end(String(error))
        bodies.push(`refused: ${error}`)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    headers,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface SentSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
  readonly status?: { readonly code?: number }
}

function spansOf(message: { resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[] }): CollectedSpan[] {
  return message.resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map(({ traceId, spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano, attributes, status }) => ({
      traceId,
      spanId,
      parentSpanId,
      name,
      kind,
      startMs: Number(startTimeUnixNano) / 1e6,
      endMs: Number(endTimeUnixNano) / 1e6,
      attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
      status: status?.code ?? 0,
    }))
}
