import type { FastifyInstance } from 'fastify'
import type { Meter } from '#kernel'

/** One line a request in the log, and its duration under the name and labels of OpenTelemetry's HTTP conventions. */
export function measureRequests(app: FastifyInstance, meter: Meter): void {
  const duration = meter.seconds(
    'http_server_request_duration_seconds',
    'Duration of HTTP requests',
    [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    ['http_request_method', 'http_route', 'http_response_status_code'],
  )
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    const status = String(reply.statusCode)
    duration.observe(
      { http_request_method: request.method, http_route: route, http_response_status_code: status },
      reply.elapsedTime / 1_000,
    )
    request.log.debug({
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 100) / 100,
    })
    done()
  })
}
