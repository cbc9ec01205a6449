// `gatehouse pdp`: decisions beside a program or a gateway, from a replica. AuthZEN is the SDK's sidecar; gateways are answered by the
// server's own code.
import { runSidecar } from '@gatehouse/sdk/pdp'
import type { GatewayPages } from './authorization/forward-auth/ports.ts'
import { openLocalGateway } from './authorization/sidecar/gateway.ts'
import { parseEdgeLimits } from './config/index.ts'
import { Meter, systemClock, systemEntropy } from './kernel/index.ts'

// Drawn by what draws the server's own, loaded when somebody is first shown one. The replica knows no brands.
const drawn = async () => (await import('./authentication/pages/gateway-pages.ts')).gatewayPages(async () => undefined)
const pages: GatewayPages = {
  denied: async (request, it) => (await drawn()).denied(request, it),
  signIn: async (request, it) => (await drawn()).signIn(request, it),
  tooWeak: async (request, it) => (await drawn()).tooWeak(request, it),
  broken: async (request, it) => (await drawn()).broken(request, it),
}

await runSidecar(process.env, async ({ gatehouse, local, settings, onError }) => {
  const { identity } = settings
  const meter = new Meter()
  const rates = parseEdgeLimits({ text: settings.edgeLimits, from: 'GATEHOUSE_PDP_EDGE_LIMITS' })
  const clocks = { clock: systemClock, entropy: systemEntropy }
  const deps = { gatehouse, local, ...clocks, identity, meter, rates, pages, onError }
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
