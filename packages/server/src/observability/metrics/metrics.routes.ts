import { deployment, type Gate } from '#authorization'
import { type Meter, openMetricsType } from '#kernel'
import { type Operation, operation } from '#web'

/** Prometheus text exposition format. */
export const exposition = 'text/plain; version=0.0.4; charset=utf-8'

/** What a scraper is answered: OpenMetrics, with its exemplars, where it asks for that. */
export async function expose(meter: Meter, accept: string | undefined): Promise<{ type: string; text: string }> {
  if (accept?.includes('application/openmetrics-text'))
    return { type: openMetricsType, text: await meter.exposeOpenMetrics() }
  return { type: exposition, text: await meter.expose() }
}

/** `/metrics` for whoever may examine the deployment; Prometheus gets a token by its own `oauth2` section. */
export function metricsOperations({ meter, gate }: { meter: Meter; gate: Gate }): Operation[] {
  return [
    operation({
      id: 'metrics.get',
      method: 'GET',
      url: '/metrics',
      summary: 'Metrics in the Prometheus text format',
      access: { kind: 'action', action: 'examine' },
      schemas: {},
      produces: 'text/plain',
      handle: async ({ act, raw, reply }) => {
        gate.require(act, 'examine', deployment)
        const { type, text } = await expose(meter, raw.headers.accept)
        await reply.header('cache-control', 'no-store').header('vary', 'accept').type(type).send(text)
        return undefined
      },
    }),
  ]
}
