import { type ProviderState, providerStateShape } from '#authentication'
import { deployment, type Gate } from '#authorization'
import type { Machine } from '#directory'
import { Type } from '#kernel'
import { type IssuerKeys, type Operation, operation } from '#web'
import type { FederationHealth } from './federation-health.ts'

export interface FederationRoutesDeps {
  readonly gate: Gate
  readonly health: FederationHealth
  readonly keys: IssuerKeys
  /** Active machines that trust some outside issuer, at most 1,000. */
  readonly federatedMachines: () => Promise<readonly Machine[]>
  readonly providersHealth: () => Promise<readonly ProviderState[]>
}

const time = (description: string) => Type.Optional(Type.Integer({ description }))
const issuerShape = Type.Object({
  issuer: Type.String(),
  jwksUri: Type.Optional(Type.String({ description: 'Where its keys are; without, by discovery' })),
  keysFrom: Type.Union([Type.Literal('discovery'), Type.Literal('address'), Type.Literal('trust')], {
    description: 'trust: the keys stand in the trust itself, nothing is fetched',
  }),
  machines: Type.Array(Type.Object({ id: Type.String(), name: Type.String() }), {
    description: 'Who may be let in by it, the first five',
  }),
  machineCount: Type.Integer(),
  state: Type.Union([Type.Literal('ok'), Type.Literal('failing'), Type.Literal('unused')], {
    description: 'failing: the last fetch failed, or assertions are refused since the last that was let in',
  }),
  keys: Type.Optional(Type.Integer({ description: 'Usable keys it published at the last fetch' })),
  fetchedAtMs: time('Last fetch of its keys that worked'),
  usableUntilMs: time('How long these keys are taken if no fetch works any more'),
  failedAtMs: time('Last fetch that failed, when it is the latest'),
  failure: Type.Optional(Type.String()),
  admitted: Type.Integer({ description: 'Assertions let in since this node started' }),
  refused: Type.Integer(),
  lastAdmittedAtMs: time('Last assertion that was let in'),
  lastRefusedAtMs: time('Last that was refused'),
  lastRefusal: Type.Optional(Type.String()),
})

/** The health of federation: outside issuers that are trusted, their keys, and what became of their assertions on this node. */
export function federationOperations(deps: FederationRoutesDeps): Operation[] {
  return [
    operation({
      id: 'federation.list',
      method: 'GET',
      url: '/api/federation',
      summary:
        'Outside issuers that machines trust and identity providers of people: their keys, and how they fare, as this node sees it',
      access: { kind: 'action', action: 'viewKeys' },
      schemas: { reply: Type.Object({ items: Type.Array(issuerShape), providers: Type.Array(providerStateShape) }) },
      handle: async ({ act }) => {
        deps.gate.require(act, 'viewKeys', deployment)
        const providers = (await deps.providersHealth()).map((each) => ({ ...each, failed: { ...each.failed } }))
        return { items: describe(await deps.federatedMachines(), deps), providers }
      },
    }),
  ]
}

function describe(machines: readonly Machine[], { health, keys }: FederationRoutesDeps) {
  const sources = new Map<string, { issuer: string; jwksUri?: string; own: boolean; machines: Map<string, string> }>()
  for (const { id, name, trusts } of machines)
    for (const { issuer, jwksUri, jwks } of trusts) {
      const key = JSON.stringify([issuer, jwksUri, jwks === undefined])
      const found = sources.get(key) ?? {
        issuer,
        ...(jwksUri !== undefined && { jwksUri }),
        own: jwks !== undefined,
        machines: new Map(),
      }
      found.machines.set(id, name)
      sources.set(key, found)
    }
  return [...sources.values()]
    .sort((a, b) => (a.issuer < b.issuer ? -1 : 1))
    .map(({ own, machines: its, ...source }) => {
      const { lastRefusal, ...tally } = health.of(source.issuer)
      const fetched = own ? undefined : keys.stateOf(source)
      const refusedLast = (tally.lastRefusedAtMs ?? 0) > (tally.lastAdmittedAtMs ?? 0)
      const used = fetched !== undefined || tally.admitted + tally.refused > 0
      const failing = fetched?.failedAtMs !== undefined || refusedLast
      return {
        ...source,
        keysFrom: own
          ? ('trust' as const)
          : source.jwksUri === undefined
            ? ('discovery' as const)
            : ('address' as const),
        machines: [...its].slice(0, 5).map(([id, name]) => ({ id, name })),
        machineCount: its.size,
        state: failing ? ('failing' as const) : used ? ('ok' as const) : ('unused' as const),
        ...fetched,
        ...tally,
        ...(lastRefusal !== undefined && { lastRefusal }),
      }
    })
}
