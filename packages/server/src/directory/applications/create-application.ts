import { record } from '#feed'
import { type Act, newId, type OrganizationId } from '#kernel'
import type { Tx } from '#storage'
import { about } from '../changed.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { onItsOwn } from '../on-its-own.ts'
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
export const createApplication = onItsOwn(requireOrganization, 'createApplication', 'Organization', addApplication)

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
    ...about('Application', application, application.name),
    type: 'directory.application_created',
    data: { name: application.name },
  })
  return application
}
