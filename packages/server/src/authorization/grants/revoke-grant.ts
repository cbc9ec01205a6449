import { record } from '#feed'
import { type Act, type Clock, Fault, type GrantId } from '#kernel'
import type { Tx, Written } from '#storage'
import type { AuthorizationDeps } from '../deps.ts'
import '../faults.ts'
import { deployment } from '../gate/gate.ts'
import { grantData, requireForGrant } from './create-grant.ts'
import { countLasting, deleteGrant, findGrant } from './grant.store.ts'
import type { Grant } from './grant.ts'
import './events.ts'
import { refuseRevokingWider } from './width.ts'

/** `keepAdministrators` must be named, so that leaving it out is seen. */
export interface RemoveDeps {
  readonly clock: Clock
  readonly keepAdministrators: AuthorizationDeps['keepAdministrators']
}

/**
 * Takes a grant back, for good: what remains of it is its events.
 * @throws {Fault} `authorization.grant_unknown`, `authorization.denied`, `authorization.grant_too_wide`,
 * `authorization.last_owner`
 */
export async function revokeGrant(
  deps: AuthorizationDeps,
  act: Act,
  id: GrantId,
  reason?: string,
): Promise<Written<void>> {
  const grant = await requireGrant(deps, id)
  requireForGrant(deps, act, 'revokeGrant', grant)
  refuseRevokingWider(deps, act, grant)
  return deps.storage.write((tx) => removeGrant(tx, deps, act, grant, reason))
}

/**
 * As `revokeGrant`, inside a transaction whose authorization is settled.
 * @param deps with `keepAdministrators`: else only the number of lasting owner grants is looked at, whoever holds them
 */
export async function removeGrant(tx: Tx, deps: RemoveDeps, act: Act, grant: Grant, reason?: string): Promise<void> {
  const nowMs = deps.clock.nowMs()
  if (isLastingOwner(grant) && (await countLasting(tx, 'owner', deployment, grant.id, nowMs)) === 0)
    throw new Fault('authorization.last_owner')
  const { keepAdministrators } = deps
  const remove = () => deleteGrant(tx, grant.id)
  const removed = await (keepAdministrators === undefined ? remove() : keepAdministrators(tx, nowMs, remove))
  if (!removed) throw new Fault('authorization.grant_unknown')
  await record(tx, act, {
    type: 'authorization.grant_revoked',
    atMs: nowMs,
    organizationId: grant.organizationId,
    object: { type: 'Grant', id: grant.id, name: grant.role },
    data: { ...grantData(grant), ...(reason !== undefined && { reason }) },
  })
}

/** @throws {Fault} `authorization.grant_unknown` */
export async function requireGrant({ storage }: Pick<AuthorizationDeps, 'storage'>, id: GrantId): Promise<Grant> {
  const grant = await findGrant(storage.db, id)
  if (grant === undefined) throw new Fault('authorization.grant_unknown')
  return grant
}

function isLastingOwner({ applicationId, role, resource, untilMs }: Grant): boolean {
  return applicationId === undefined && role === 'owner' && resource.type === deployment.type && untilMs === undefined
}
