import { record } from '#feed'
import type { Act, ApplicationId, Secret } from '#kernel'
import type { Tx } from '#storage'
import { about, changedRow } from '../changed.ts'
import { type IssueOptions, issueSecret, withoutSecret } from '../credentials/client-secret.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { onItsOwn } from '../on-its-own.ts'
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
export const issueApplicationSecret = onItsOwn(
  requireApplication,
  'issueClientSecret',
  'Application',
  addApplicationSecret,
)

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
  const application = changedRow(before, { credentials }, deps.clock.nowMs())
  await updateApplicationRow(tx, application)
  await record(tx, act, {
    ...about('Application', application, application.name),
    type: 'directory.application_secret_issued',
    data: { secretId, replaced },
  })
  return { application, secret, secretId }
}

/** @throws {Fault} `directory.application_unknown`, `directory.secret_unknown`, `authorization.denied` */
export const revokeApplicationSecret = onItsOwn(
  requireApplication,
  'issueClientSecret',
  'Application',
  dropApplicationSecret,
)

async function dropApplicationSecret(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: ApplicationId,
  secretId: string,
): Promise<Application> {
  const before = await requireApplication(tx, id)
  const credentials = withoutSecret(before.credentials, secretId)
  const application = changedRow(before, { credentials }, deps.clock.nowMs())
  await updateApplicationRow(tx, application)
  await record(tx, act, {
    ...about('Application', application, application.name),
    type: 'directory.application_secret_revoked',
    data: { secretId },
  })
  return application
}
