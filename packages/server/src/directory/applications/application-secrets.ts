import { record } from '#feed'
import type { Act, ApplicationId, Secret } from '#kernel'
import type { Tx, Written } from '#storage'
import { type IssueOptions, issueSecret, withoutSecret } from '../credentials/client-secret.ts'
import type { ChangeDeps, DirectoryDeps } from '../deps.ts'
import '../events.ts'
import { requireApplication, updateApplicationRow } from './application.store.ts'
import type { Application } from './application.ts'

export interface ApplicationWithSecret {
  readonly application: Application
  readonly secretId: string
  /** Kept nowhere: show it once. */
  readonly secret: Secret
}

/**
 * Issues a client secret; former ones end at once, or after `overlapSeconds`.
 * @throws {Fault} `directory.application_unknown`, `directory.no_client_secret`, `directory.too_many`, `authorization.denied`
 */
export async function issueApplicationSecret(
  deps: DirectoryDeps,
  act: Act,
  id: ApplicationId,
  options: IssueOptions = {},
): Promise<Written<ApplicationWithSecret>> {
  await requireApplication(deps.storage.db, id)
  deps.gate.require(act, 'issueClientSecret', { type: 'Application', id })
  return deps.storage.write((tx) => addApplicationSecret(tx, deps, act, id, options))
}

/** As `issueApplicationSecret`, inside a transaction whose authorization is settled. */
export async function addApplicationSecret(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: ApplicationId,
  options: IssueOptions = {},
): Promise<ApplicationWithSecret> {
  const before = await requireApplication(tx, id)
  const { credentials, secret, secretId, replaced } = issueSecret(deps, before.credentials, options)
  const application = await save(tx, deps, { ...before, credentials })
  await record(tx, act, {
    type: 'directory.application_secret_issued',
    atMs: application.updatedAtMs,
    organizationId: before.organizationId,
    object: { type: 'Application', id, name: before.name },
    revision: application.revision,
    data: { secretId, replaced },
  })
  return { application, secret, secretId }
}

/** @throws {Fault} `directory.application_unknown`, `directory.secret_unknown`, `authorization.denied` */
export async function revokeApplicationSecret(
  deps: DirectoryDeps,
  act: Act,
  id: ApplicationId,
  secretId: string,
): Promise<Written<Application>> {
  await requireApplication(deps.storage.db, id)
  deps.gate.require(act, 'issueClientSecret', { type: 'Application', id })
  return deps.storage.write(async (tx) => {
    const before = await requireApplication(tx, id)
    const application = await save(tx, deps, { ...before, credentials: withoutSecret(before.credentials, secretId) })
    await record(tx, act, {
      type: 'directory.application_secret_revoked',
      atMs: application.updatedAtMs,
      organizationId: before.organizationId,
      object: { type: 'Application', id, name: before.name },
      revision: application.revision,
      data: { secretId },
    })
    return application
  })
}

async function save(tx: Tx, deps: ChangeDeps, changed: Application): Promise<Application> {
  const after = { ...changed, updatedAtMs: deps.clock.nowMs(), revision: changed.revision + 1 }
  await updateApplicationRow(tx, after)
  return after
}
