import { type Act, Fault } from '#kernel'
import type { AuthorizationDeps } from '../deps.ts'
import type { EntityUid } from '../entities/source.ts'
import { heldGrants } from '../grants/held.ts'
import { coversGrant } from '../grants/width.ts'
import { principalOf } from './principal.ts'

/** Actions by which one could become another principal, join its powers, or put it out of action. */
const powers = new Set([
  'inviteUser',
  'updateUser',
  'activateUser',
  'suspendUser',
  'deactivateUser',
  'deleteUser',
  'resetFactors',
  'updateGroup',
  'deleteGroup',
  'changeMembers',
  'updateMachine',
  'suspendMachine',
  'activateMachine',
  'deactivateMachine',
  'deleteMachine',
  'updateApplication',
  'deleteApplication',
  'issueClientSecret',
])

/**
 * Refuses power over a principal that holds a role of Gatehouse which the actor could not grant: else whoever resets second
 * factors or changes members could make herself an owner.
 * @throws {Fault} `authorization.above_you`
 */
export function refusePowerOverHigher(
  deps: Pick<AuthorizationDeps, 'snapshot' | 'clock'>,
  act: Act,
  action: string,
  resource: EntityUid,
): void {
  if (!powers.has(action) || act.actor.type === 'bootstrap' || act.actor.type === 'system') return
  const self = principalOf(act)
  if (self?.type === resource.type && self.id === resource.id) return
  for (const grant of heldGrants(deps, resource)) {
    if (coversGrant(deps, act, grant)) continue
    throw new Fault('authorization.above_you', { extra: { action, role: grant.role } })
  }
}
