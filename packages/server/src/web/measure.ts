import type { FastifyInstance } from 'fastify'
import type { Meter } from '#kernel'
import { spanOf } from './trace.ts'

/** One line a request in the log, and its duration under the name and labels of OpenTelemetry's HTTP conventions. */
export function measureRequests(app: FastifyInstance, meter: Meter): void {
  const duration = meter.hotSeconds<'http_request_method' | 'http_route' | 'http_response_status_code'>(
    'http_server_request_duration_seconds',
    'Duration of HTTP requests',
    [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  )
  const debugs = ['trace', 'debug'].includes(app.log.level)
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    const { method } = request
    const status = reply.statusCode
    const ms = reply.elapsedTime
    duration
      .series(`${status}${method}${route}`, () => ({
        http_request_method: method,
        http_route: route,
        http_response_status_code: String(status),
      }))
      .observe(ms / 1_000, spanOf(request.raw))
    if (debugs) request.log.debug({ method, route, status, ms: Math.round(ms * 100) / 100 })
    done()
  })
}
