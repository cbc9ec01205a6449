import { findOrganization, listProviders, type Provider } from '#directory'
import type { Services } from '../services.ts'
import type { ProviderTally } from './health.ts'

/** How a provider does, as this node sees it. */
export interface ProviderState extends ProviderTally {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly organizationId: string
  readonly organization: string
  readonly issuer: string
  /** `failing`: its last answer, or the last fetch of its keys, failed. */
  readonly state: 'ok' | 'failing' | 'unused' | 'suspended'
  readonly keys?: number
  readonly fetchedAtMs?: number
  readonly usableUntilMs?: number
  readonly failedAtMs?: number
  readonly failure?: string
}

const most = 1_000

/** Of one. */
export async function describeProvider(services: Services, provider: Provider): Promise<ProviderState | undefined> {
  const { storage, issuers, providerHealth } = services
  const { id, name, displayName, organizationId, issuer } = provider
  const organization = await findOrganization(storage.db, organizationId)
  if (organization === undefined || organization.state === 'deleted') return undefined
  const fetched = issuers.stateOf({ issuer })
  const tally = providerHealth.of(id)
  const broken = (tally.failed.unreachable ?? 0) + (tally.failed.invalid ?? 0) > 0
  const failedLast = broken && (tally.lastFailureAtMs ?? 0) > (tally.lastSuccessAtMs ?? 0)
  const failing = fetched?.failedAtMs !== undefined || failedLast
  const used = fetched !== undefined || tally.succeeded > 0
  const live = failing ? 'failing' : used ? 'ok' : 'unused'
  return {
    id,
    name,
    displayName,
    organizationId,
    organization: organization.name,
    issuer,
    state: provider.state === 'suspended' ? 'suspended' : live,
    ...fetched,
    ...tally,
  }
}

/** The health of the identity providers of all organizations, at most 1,000. */
export async function describeProviders(services: Services): Promise<ProviderState[]> {
  const found: ProviderState[] = []
  for (const provider of await listProviders(services.storage.db, {}, { limit: most })) {
    const state = await describeProvider(services, provider)
    if (state !== undefined) found.push(state)
  }
  return found
}
