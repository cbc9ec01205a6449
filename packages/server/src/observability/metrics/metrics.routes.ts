import { deployment, type Gate } from '#authorization'
import type { Meter } from '#kernel'
import { type Operation, operation } from '#web'

/** Prometheus text exposition format. */
export const exposition = 'text/plain; version=0.0.4; charset=utf-8'

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
      handle: async ({ act, reply }) => {
        gate.require(act, 'examine', deployment)
        await reply
          .header('cache-control', 'no-store')
          .type(exposition)
          .send(await meter.expose())
        return undefined
      },
    }),
  ]
}
