import { record } from '#feed'
import { type Act, newId, type OrganizationId } from '#kernel'
import type { Tx, Written } from '#storage'
import type { ChangeDeps, DirectoryDeps } from '../deps.ts'
import '../events.ts'
import { requireActiveOrganization, requireOrganization } from '../organizations/organization.store.ts'
import { insertApplication } from './application.store.ts'
import type { Application, ApplicationInput } from './application.ts'
import { defaultsOf } from './defaults.ts'
import { applyChange } from './parse-application.ts'

/**
 * Registers an application; a client secret is issued apart (`issueApplicationSecret`).
 * @throws {Fault} `directory.organization_unknown`, `directory.organization_closed`, `directory.invalid`,
 * `directory.name_taken`, `authorization.denied`
 */
export async function createApplication(
  deps: DirectoryDeps,
  act: Act,
  organizationId: OrganizationId,
  input: ApplicationInput,
): Promise<Written<Application>> {
  await requireOrganization(deps.storage.db, organizationId)
  deps.gate.require(act, 'createApplication', { type: 'Organization', id: organizationId })
  return deps.storage.write((tx) => addApplication(tx, deps, act, organizationId, input))
}

/** As `createApplication`, inside a transaction whose authorization is settled. */
export async function addApplication(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  organizationId: OrganizationId,
  input: ApplicationInput,
): Promise<Application> {
  const { kind, ...change } = input
  const nowMs = deps.clock.nowMs()
  const blank: Application = {
    id: newId('app', deps),
    organizationId,
    name: input.name,
    displayName: input.name,
    kind,
    ...defaultsOf(kind),
    state: 'active',
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 1,
  }
  const application = applyChange(blank, change, nowMs)
  await requireActiveOrganization(tx, organizationId)
  await insertApplication(tx, application)
  await record(tx, act, {
    type: 'directory.application_created',
    atMs: nowMs,
    organizationId,
    object: { type: 'Application', id: application.id, name: application.name },
    revision: 1,
    data: { name: application.name },
  })
  return application
}
