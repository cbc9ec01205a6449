import { type Act, Fault } from '#kernel'
import type { AuthorizationDeps } from '../deps.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Grant } from '../grants/grant.ts'
import { heldOrComingGrants } from '../grants/held.ts'
import { coversGrant } from '../grants/width.ts'
import { principalOf } from './principal.ts'

type Deps = Pick<AuthorizationDeps, 'snapshot' | 'clock'>

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
  'contain',
  'issueApiKey',
  'revokeApiKey',
  'revokeTokens',
])

/** The same over everybody at home in an organization: whoever suspends it or sets its rules or policies of sign-in can lock them out. */
const powersOverAll = new Set(['updateOrganization', 'deleteOrganization', 'applyPolicies', 'rollBackPolicies'])

/**
 * Refuses power over a principal that holds (or has coming) a role of Gatehouse which the actor could not grant: else whoever resets second
 * factors or changes members could make herself an owner.
 * @throws {Fault} `authorization.above_you`
 */
export function refusePowerOverHigher(deps: Deps, act: Act, action: string, resource: EntityUid): void {
  const over =
    powersOverAll.has(action) && resource.type === 'Organization'
      ? grantsWithin
      : powers.has(action)
        ? heldOrComingGrants
        : undefined
  if (over === undefined || act.actor.type === 'bootstrap' || act.actor.type === 'system') return
  const self = principalOf(act)
  if (self?.type === resource.type && self.id === resource.id) return
  for (const grant of over(deps, resource)) {
    if (coversGrant(deps, act, grant)) continue
    throw new Fault('authorization.above_you', { extra: { action, role: grant.role } })
  }
}

function* grantsWithin({ snapshot, clock }: Deps, organization: EntityUid): Generator<Grant> {
  const nowMs = clock.nowMs()
  for (const grant of snapshot.grants(nowMs).all()) {
    const lasts = grant.untilMs === undefined || nowMs < grant.untilMs
    if (lasts && snapshot.isWithin(grant.principal, organization)) yield grant
  }
}
