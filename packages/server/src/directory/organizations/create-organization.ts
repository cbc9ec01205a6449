import { deployment } from '#authorization'
import { record } from '#feed'
import { type Act, newId } from '#kernel'
import type { Tx, Written } from '#storage'
import { about } from '../changed.ts'
import type { ChangeDeps, DirectoryDeps } from '../deps.ts'
import '../events.ts'
import { findOrganizationByName, insertOrganization } from './organization.store.ts'
import { homeName, type Organization, type OrganizationInput, parseOrganizationChange } from './organization.ts'

/** @throws {Fault} `directory.invalid`, `directory.name_taken`, `authorization.denied` */
export async function createOrganization(
  deps: DirectoryDeps,
  act: Act,
  input: OrganizationInput,
): Promise<Written<Organization>> {
  deps.gate.require(act, 'createOrganization', deployment)
  return deps.storage.write((tx) => addOrganization(tx, deps, act, input))
}

/** As `createOrganization`, inside a transaction whose authorization is settled. */
export async function addOrganization(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  input: OrganizationInput,
): Promise<Organization> {
  const parsed = parseOrganizationChange(input)
  const nowMs = deps.clock.nowMs()
  const organization: Organization = {
    id: newId('org', deps),
    name: input.name,
    displayName: parsed.displayName ?? input.name,
    domains: parsed.domains ?? [],
    settings: parsed.settings ?? {},
    state: 'active',
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 1,
  }
  await insertOrganization(tx, organization)
  await record(tx, act, {
    ...about('Organization', organization, organization.name),
    type: 'directory.organization_created',
    data: { name: organization.name },
  })
  return organization
}

/** The operator's own organization, made when there is none: called at every start, harmless on many nodes at once. */
export async function ensureHomeOrganization(deps: ChangeDeps & Pick<DirectoryDeps, 'storage'>): Promise<Organization> {
  const found = await findOrganizationByName(deps.storage.db, homeName)
  if (found !== undefined) return found
  const act: Act = { actor: { type: 'system', name: 'first start' }, requestId: 'first-start' }
  return deps.storage.transact(async (tx) => {
    const other = await findOrganizationByName(tx, homeName)
    return other ?? addOrganization(tx, deps, act, { name: homeName, displayName: 'Home' })
  })
}
