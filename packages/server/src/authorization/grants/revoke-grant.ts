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
  return deps.storage.write((tx) => {
    const remove = () => removeGrant(tx, deps, act, grant, reason)
    return deps.keepAdministrators === undefined ? remove() : deps.keepAdministrators(tx, deps.clock.nowMs(), remove)
  })
}

/** As `revokeGrant`, inside a transaction whose authorization is settled. */
export async function removeGrant(
  tx: Tx,
  deps: { readonly clock: Clock },
  act: Act,
  grant: Grant,
  reason?: string,
): Promise<void> {
  const nowMs = deps.clock.nowMs()
  if (isLastingOwner(grant) && (await countLasting(tx, 'owner', deployment, grant.id, nowMs)) === 0)
    throw new Fault('authorization.last_owner')
  if (!(await deleteGrant(tx, grant.id))) throw new Fault('authorization.grant_unknown')
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
