import { type Act, type ApplicationId, Fault } from '#kernel'
import { applicationRoles, readGrantable } from '../builtin/builtin.ts'
import type { AuthorizationDeps } from '../deps.ts'
import type { EntityUid } from '../entities/source.ts'
import { principalOf } from '../gate/principal.ts'
import type { Grant } from './grant.ts'
import type { GrantLinks } from './grant-links.ts'

type Wanted = Pick<Grant, 'applicationId' | 'role' | 'resource' | 'untilMs'> & {
  /** What the scope will lie in, where it is about to be made and no snapshot can see it yet. */
  readonly within?: EntityUid | undefined
}
type Deps = Pick<AuthorizationDeps, 'snapshot' | 'clock'>

/**
 * Holds a grant to its granter's own: some grant in force of the granter (or of a group of hers) names this role as grantable,
 * covers the scope, and does not end sooner. What the local machine or Gatehouse itself grants is not held to anything.
 * @throws {Fault} `authorization.grant_too_wide`
 */
export function refuseWiderThanOwn(deps: Deps, act: Act, wanted: Wanted): void {
  if (act.actor.type === 'bootstrap' || act.actor.type === 'system') return
  if (covers(deps, act, wanted, (own) => own.untilMs === undefined || (wanted.untilMs ?? Infinity) <= own.untilMs))
    return
  throw new Fault('authorization.grant_too_wide')
}

/**
 * Holds a revocation to the same reach, whatever the ends: nobody takes back what she could not have granted.
 * @throws {Fault} `authorization.grant_too_wide`
 */
export function refuseRevokingWider(deps: Deps, act: Act, wanted: Wanted): void {
  if (act.actor.type === 'bootstrap' || act.actor.type === 'system') return
  if (covers(deps, act, wanted, () => true)) return
  throw new Fault('authorization.grant_too_wide')
}

/** Whether a role of the application itself, by its `@grantable`, lets the actor hand on this one. */
export function mayHandOn(deps: Deps, act: Act, id: ApplicationId, role: string, resource: EntityUid): boolean {
  return coversByApplication(deps, act, { applicationId: id, role, resource, untilMs: undefined }, () => true)
}

/** Whether the actor could have granted this one, whatever its end. */
export function coversGrant(deps: Deps, act: Act, grant: Wanted): boolean {
  return covers(deps, act, grant, () => true)
}

function covers(deps: Deps, act: Act, wanted: Wanted, lastsEnough: (own: Grant) => boolean): boolean {
  const { snapshot } = deps
  const nowMs = deps.clock.nowMs()
  const { applicationId } = wanted
  const name = applicationId === undefined ? wanted.role : applicationRoles
  const scope =
    wanted.within ?? (applicationId === undefined ? wanted.resource : { type: 'Application', id: applicationId })
  for (const own of ownGrants(deps, act, snapshot.grants(nowMs), nowMs)) {
    const role = snapshot.builtin.roles.get(own.role)
    if (role?.grantable.has(name) && snapshot.isWithin(scope, own.resource) && lastsEnough(own)) return true
  }
  return coversByApplication(deps, act, wanted, lastsEnough)
}

function coversByApplication(deps: Deps, act: Act, wanted: Wanted, lastsEnough: (own: Grant) => boolean): boolean {
  const application = wanted.applicationId && deps.snapshot.application(wanted.applicationId)
  if (!application) return false
  const nowMs = deps.clock.nowMs()
  const links = application.links(nowMs)
  const lies = (scope: EntityUid) =>
    (wanted.resource.type === scope.type && wanted.resource.id === scope.id) ||
    application.view.lineage(wanted.resource.type, wanted.resource.id).has(scope.type, scope.id)
  for (const own of ownGrants(deps, act, links, nowMs)) {
    const grantable = readGrantable(links.policies.annotations(own.role)?.grantable)
    if (grantable.has(wanted.role) && lies(own.resource) && lastsEnough(own)) return true
  }
  return false
}

/** The grants in force of the actor and of the groups she is in. */
function* ownGrants({ snapshot }: Deps, act: Act, links: GrantLinks, nowMs: number): Generator<Grant> {
  const principal = principalOf(act)
  if (principal === undefined) return
  yield* links.inForceOf(principal, nowMs)
  for (const group of snapshot.directory.all.lineage(principal.type, principal.id).list) {
    yield* links.inForceOf(group, nowMs)
  }
}
