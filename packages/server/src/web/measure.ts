import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HotSeries, Meter } from '#kernel'
import { spanOf } from './trace.ts'

/** One line a request in the log, and its duration under the name and labels of OpenTelemetry's HTTP conventions. */
export function measureRequests(app: FastifyInstance, meter: Meter): void {
  const duration = meter.hotSeconds<'http_request_method' | 'http_route' | 'http_response_status_code'>(
    'http_server_request_duration_seconds',
    'Duration of HTTP requests',
    [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  )
  const debugs = ['trace', 'debug'].includes(app.log.level)
  /** Each route keeps its series at hand: a request that is asked for its route makes an object. */
  const measure = (method: string, route: string) => {
    const series = new Map<number, HotSeries>()
    return (request: FastifyRequest, reply: FastifyReply): void => {
      const status = reply.statusCode
      const ms = reply.elapsedTime
      let its = series.get(status)
      if (its === undefined) {
        const labels = { http_request_method: method, http_route: route, http_response_status_code: String(status) }
        its = duration.series(`${status}${method}${route}`, () => labels)
        series.set(status, its)
      }
      its.observe(ms / 1_000, spanOf(request.raw))
      if (debugs) request.log.debug({ method, route, status, ms: Math.round(ms * 100) / 100 })
    }
  }
  app.addHook('onRoute', (options) => {
    const methods = [options.method].flat()
    const by = new Map<string, ReturnType<typeof measure>>(methods.map((one) => [one, measure(one, options.url)]))
    const [only] = by.values()
    options.onResponse = [
      ...[options.onResponse ?? []].flat(),
      (request, reply, done) => {
        if (by.size === 1) only?.(request, reply)
        else by.get(request.method)?.(request, reply)
        done()
      },
    ]
  })
  // What no route answers.
  const none = new Map<string, ReturnType<typeof measure>>()
  app.addHook('onResponse', (request, reply, done) => {
    if (request.is404) {
      const its = none.get(request.method) ?? measure(request.method, 'none')
      none.set(request.method, its)
      its(request, reply)
    }
    done()
  })
}
