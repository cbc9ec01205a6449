import type { AuthorizationDeps } from '../deps.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Grant } from './grant.ts'

type Deps = Pick<AuthorizationDeps, 'snapshot' | 'clock'>

/** The grants of built-in roles that a principal holds now, itself or through its groups. On the snapshot. */
export function* heldGrants(deps: Deps, principal: EntityUid): Generator<Grant> {
  const nowMs = deps.clock.nowMs()
  const links = deps.snapshot.grants(nowMs)
  for (const one of [principal, ...groupsOf(deps, principal)]) yield* links.inForceOf(one, nowMs)
}

/** As `heldGrants`, with those that begin later: whoever becomes the principal today has them then. */
export function* heldOrComingGrants(deps: Deps, principal: EntityUid): Generator<Grant> {
  const nowMs = deps.clock.nowMs()
  const links = deps.snapshot.grants(nowMs)
  for (const one of [principal, ...groupsOf(deps, principal)]) yield* links.notEndedOf(one, nowMs)
}

const groupsOf = ({ snapshot }: Deps, { type, id }: EntityUid) => snapshot.directory.all.lineage(type, id).list
