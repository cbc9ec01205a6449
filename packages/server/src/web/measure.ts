import type { FastifyInstance } from 'fastify'
import type { Meter } from '#kernel'

/** One line a request in the log, and its duration by route, method and status class. */
export function measureRequests(app: FastifyInstance, meter: Meter): void {
  const duration = meter.seconds(
    'http_server_request_duration_seconds',
    'Duration of HTTP requests',
    [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    ['method', 'route', 'status'],
  )
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    const status = `${Math.floor(reply.statusCode / 100)}xx`
    duration.observe({ method: request.method, route, status }, reply.elapsedTime / 1_000)
    request.log.debug({
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 100) / 100,
    })
  })
}
