import { record } from '#feed'
import { type Act, newId, type OrganizationId } from '#kernel'
import type { Tx, Written } from '#storage'
import { about, changedMembers, changedRow, changesOf, type MoveOptions, moved } from '../changed.ts'
import type { ChangeDeps, DirectoryDeps } from '../deps.ts'
import '../events.ts'
import { move } from '../lifecycle.ts'
import { requireActiveOrganization, requireOrganization } from '../organizations/organization.store.ts'
import { holdToRevision } from '../revision.ts'
import { Problems } from '../values/problems.ts'
import { deleteProviderRow, insertProvider, requireProvider, updateProviderRow } from './provider.store.ts'
import {
  type Provider,
  type ProviderChange,
  type ProviderId,
  type ProviderInput,
  type ProviderTransition,
  parseProvider,
  providerTransitions,
  widensTrust,
} from './provider.ts'

const organizationOf = (id: OrganizationId) => ({ type: 'Organization', id }) as const
/** Neither a principal nor a resource: no snapshot reads it. */
const touches = [] as const
const aboutIt = (provider: Provider) => ({ ...about('Gatehouse::Provider', provider, provider.name), touches })

/**
 * @throws {Fault} `directory.organization_unknown`, `directory.organization_closed`, `directory.invalid`,
 * `directory.name_taken`, `directory.issuer_taken`, `directory.too_many`, `authorization.denied`
 */
export async function createProvider(
  deps: DirectoryDeps,
  act: Act,
  organizationId: OrganizationId,
  input: ProviderInput,
): Promise<Written<Provider>> {
  await requireOrganization(deps.storage.db, organizationId)
  deps.gate.require(act, 'manageProviders', organizationOf(organizationId))
  if (widensTrust(input)) deps.gate.require(act, 'trustProviders', organizationOf(organizationId))
  return deps.storage.write((tx) => addProvider(tx, deps, act, organizationId, input))
}

/** As `createProvider`, inside a transaction whose authorization is settled. */
export async function addProvider(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  organizationId: OrganizationId,
  input: ProviderInput,
): Promise<Provider> {
  const parsed = parseProvider(input)
  await requireActiveOrganization(tx, organizationId)
  const nowMs = deps.clock.nowMs()
  const provider: Provider = {
    id: newId('idp', deps),
    organizationId,
    ...withDefaults(parsed),
    state: 'active',
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 1,
  }
  refuseOpenProvision(provider)
  await insertProvider(tx, provider)
  const { name, issuer } = provider
  await record(tx, act, { ...aboutIt(provider), type: 'directory.provider_created', data: { name, issuer } })
  return provider
}

export const withDefaults = ({ name, issuer, clientId, ...given }: ProviderInput) => ({
  name,
  displayName: given.displayName ?? name,
  issuer,
  clientId,
  authMethod: given.authMethod ?? ('private_key_jwt' as const),
  scopes: given.scopes ?? ['openid', 'email', 'profile'],
  domains: given.domains ?? [],
  provisions: given.provisions ?? false,
  trustedAcr: given.trustedAcr ?? [],
  trustedAmr: given.trustedAmr ?? [],
})

/** INVARIANT: who brings unknown people says of which domains: nobody else's provider may. */
function refuseOpenProvision({ provisions, domains }: Provider): void {
  const problems = new Problems()
  problems.check(!provisions || domains.length > 0, '/domains', 'must name the domains whose people may be brought')
  problems.throwIfAny()
}

/** @throws {Fault} `directory.provider_unknown`, `directory.invalid`, `directory.name_taken`, `web.revision_conflict` */
export async function updateProvider(
  deps: DirectoryDeps,
  act: Act,
  id: ProviderId,
  change: ProviderChange,
  ifRevision?: number,
): Promise<Written<Provider>> {
  const before = await requireProvider(deps.storage.db, id)
  deps.gate.require(act, 'manageProviders', organizationOf(before.organizationId))
  if (widensTrust(change, before)) deps.gate.require(act, 'trustProviders', organizationOf(before.organizationId))
  // What was asked about is what is changed: trust that was taken away meanwhile is not given back by an old list.
  const speaksOfTrust = change.trustedAcr !== undefined || change.trustedAmr !== undefined
  const held = ifRevision ?? (speaksOfTrust ? before.revision : undefined)
  return deps.storage.write((tx) => changeProvider(tx, deps, act, id, change, held))
}

/** As `updateProvider`, inside a transaction whose authorization is settled. */
export async function changeProvider(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: ProviderId,
  change: ProviderChange,
  ifRevision?: number,
): Promise<Provider> {
  const parsed = parseProvider(change)
  const before = await requireProvider(tx, id)
  holdToRevision(before, ifRevision)
  const changed = changedMembers(before, parsed)
  if (changed.length === 0) return before
  const after = changedRow(before, parsed, deps.clock.nowMs())
  refuseOpenProvision(after)
  await updateProviderRow(tx, after)
  const narrowed = widensTrust(before, after)
  await record(tx, act, {
    ...aboutIt(after),
    type: 'directory.provider_updated',
    changes: changesOf(before, after, changed),
    data: { changed, ...(narrowed && { narrowed }) },
  })
  return after
}

/** @throws {Fault} `directory.provider_unknown`, `directory.transition_refused`, `web.revision_conflict` */
export async function moveProvider(
  deps: DirectoryDeps,
  act: Act,
  id: ProviderId,
  transition: ProviderTransition,
  options: MoveOptions = {},
): Promise<Written<Provider>> {
  const { organizationId } = await requireProvider(deps.storage.db, id)
  deps.gate.require(act, 'manageProviders', organizationOf(organizationId))
  return deps.storage.write((tx) => moveProviderIn(tx, deps, act, id, transition, options))
}

/** As `moveProvider`, inside a transaction whose authorization is settled. */
export async function moveProviderIn(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: ProviderId,
  transition: ProviderTransition,
  options: MoveOptions = {},
): Promise<Provider> {
  const before = await requireProvider(tx, id)
  holdToRevision(before, options.ifRevision)
  const state = move(providerTransitions, before.state, transition)
  const after = changedRow(before, { state }, deps.clock.nowMs())
  await updateProviderRow(tx, after)
  await record(tx, act, {
    ...aboutIt(after),
    type: state === 'active' ? 'directory.provider_activated' : 'directory.provider_suspended',
    data: moved(before, after, options.reason),
  })
  return after
}

/** @throws {Fault} `directory.provider_unknown`, `web.revision_conflict`, `authorization.denied` */
export async function deleteProvider(
  deps: DirectoryDeps,
  act: Act,
  id: ProviderId,
  ifRevision?: number,
): Promise<Written<void>> {
  const { organizationId } = await requireProvider(deps.storage.db, id)
  deps.gate.require(act, 'manageProviders', organizationOf(organizationId))
  return deps.storage.write((tx) => removeProvider(tx, deps, act, id, ifRevision))
}

/** As `deleteProvider`, inside a transaction whose authorization is settled. */
export async function removeProvider(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: ProviderId,
  ifRevision?: number,
): Promise<void> {
  const provider = await requireProvider(tx, id)
  holdToRevision(provider, ifRevision)
  await deleteProviderRow(tx, provider)
  const { name, issuer } = provider
  await record(tx, act, {
    ...aboutIt(changedRow(provider, {}, deps.clock.nowMs())),
    type: 'directory.provider_deleted',
    data: { name, issuer },
  })
}
