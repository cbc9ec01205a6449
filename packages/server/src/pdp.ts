// `gatehouse pdp`: decisions beside a program or a gateway, from a replica. AuthZEN is the SDK's sidecar; gateways are answered by the
// server's own code.
import { runSidecar } from '@gatehouse/sdk/pdp'
import { openLocalGateway } from './authorization/sidecar/gateway.ts'
import { parseEdgeLimits } from './config/index.ts'
import { Meter, systemClock, systemEntropy } from './kernel/index.ts'

await runSidecar(process.env, async ({ gatehouse, local, settings, onError }) => {
  const { identity } = settings
  const meter = new Meter()
  const rates = parseEdgeLimits({ text: settings.edgeLimits, from: 'GATEHOUSE_PDP_EDGE_LIMITS' })
  const deps = { gatehouse, local, clock: systemClock, entropy: systemEntropy, identity, meter, rates, onError }
  const gateway = await openLocalGateway(deps)
  const envoy = settings.extAuthz === undefined ? undefined : await gateway.listenForEnvoy(settings.extAuthz)
  return {
    isNamed: (host, path) => gateway.isNamed(host, path),
    measures: () => meter.registry.metrics(),
    handle: (request, response) => gateway.handle(request, response),
    says: envoy === undefined ? '' : `, for Envoy (gRPC) on port ${envoy.port}`,
    close: async () => {
      await envoy?.close()
      await gateway.close()
    },
  }
})
