import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { inSpan, type RequestSpan, readTraceparent, type Span, type Tracer } from '#kernel'

const spans = new WeakMap<IncomingMessage, Span>()

/** The span of a request; undefined where it is not recorded. */
export function spanOf(raw: IncomingMessage): Span | undefined {
  return spans.get(raw)
}

/** Of the span, or of the sender's `traceparent` where nothing is recorded here: 32 hex digits. */
export function traceIdOf(raw: IncomingMessage): string | undefined {
  const found = spans.get(raw)?.traceId
  if (found !== undefined || raw.headers?.traceparent === undefined) return found
  return readTraceparent(raw.headers.traceparent)?.traceId
}

/** The part of an act that says which trace the request belongs to. */
export function traced(request: FastifyRequest): { readonly traceId?: string } {
  const traceId = traceIdOf(request.raw)
  return traceId === undefined ? none : { traceId }
}

const none = {}

/**
 * A span for each request that is recorded, under the names of OpenTelemetry's HTTP conventions; what the request sets off stands
 * inside it. No path, query, header or address of the sender is in it: they may hold secrets and people.
 */
export function traceRequests(app: FastifyInstance, tracer: Tracer): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const span = tracer.enter(single(request.headers.traceparent), () => describe(request))
    if (span === undefined) return done()
    spans.set(request.raw, span)
    inSpan(span, done)
  })
  // Reading the body leaves the context: its events come from the connection.
  const again = (request: FastifyRequest, _reply: unknown, done: () => void) => {
    const span = spans.get(request.raw)
    if (span === undefined) done()
    else inSpan(span, done)
  }
  app.addHook('preValidation', again)
  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request.raw)
    if (span !== undefined) {
      span.set('http.response.status_code', reply.statusCode)
      if (reply.statusCode >= 500) span.fail(undefined)
      span.end()
    }
    done()
  })
}

function describe({ id, method, routeOptions: { url } }: FastifyRequest): RequestSpan {
  return {
    name: url ? `${method} ${url}` : method,
    attributes: { 'http.request.method': method, 'http.route': url, 'gatehouse.request.id': id },
  }
}

const single = (value: string | string[] | undefined) => (Array.isArray(value) ? undefined : value)
