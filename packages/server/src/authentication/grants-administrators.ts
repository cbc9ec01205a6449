import {
  type Authorization,
  addGrant,
  deployment,
  heldGrants,
  heldOrComingGrants,
  isInForce,
  listGrants,
  refuseRevokingWider,
} from '#authorization'
import type { UserId } from '#kernel'
import type { Administrators } from './deps.ts'

const asPrincipal = (user: UserId) => ({ type: 'User', id: user })

/** Administrators by the grants of Gatehouse's own roles. */
export function grantsAdministrators(
  deps: Pick<Authorization, 'storage' | 'clock' | 'entropy' | 'snapshot' | 'gate'>,
): Administrators {
  return {
    isAdministrator: (user) => !heldGrants(deps, asPrincipal(user)).next().done,
    refuseWider: (act, user) => {
      for (const grant of heldOrComingGrants(deps, asPrincipal(user))) refuseRevokingWider(deps, act, grant)
    },
    hasOwner: async (db) => {
      const owners = await listGrants(db, { role: 'owner', resource: deployment }, '', 200)
      return owners.some((grant) => isInForce(grant, deps.clock.nowMs()))
    },
    makeOwner: async (tx, act, user) => {
      await addGrant(tx, deps, act, undefined, {
        role: 'owner',
        principal: asPrincipal(user),
        resource: deployment,
        why: 'First administrator, by the set-up link',
      })
    },
  }
}
