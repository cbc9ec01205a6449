import type { AuthorizationDeps } from '../deps.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Grant } from './grant.ts'

/** The grants of built-in roles that a principal holds now, itself or through its groups. On the snapshot. */
export function* heldGrants(
  { snapshot, clock }: Pick<AuthorizationDeps, 'snapshot' | 'clock'>,
  principal: EntityUid,
): Generator<Grant> {
  const nowMs = clock.nowMs()
  const links = snapshot.grants(nowMs)
  yield* links.inForceOf(principal, nowMs)
  for (const group of snapshot.directory.all.lineage(principal.type, principal.id).list) {
    yield* links.inForceOf(group, nowMs)
  }
}
