import { deployment, listGrants, principalOf } from '#authorization'
import { type Act, Fault, isId, type OrganizationId } from '#kernel'
import type { DirectoryDeps } from './deps.ts'
import { groupDepthMost } from './groups/group.ts'
import { groupsOfMembers } from './groups/member.store.ts'
import { requireOrganization } from './organizations/organization.store.ts'
import '#web' // whose table holds the fault

/** Organizations that a list without `organizationId` covers at most, for those who may not see all. */
const organizationsMost = 500

/**
 * The organizations whose things of some kind the actor may view: the one asked for; else all of the deployment for those
 * who may view all (undefined); else the actor's own and those that grants to the actor or its groups name.
 * @throws {Fault} `directory.organization_unknown`, `authorization.denied`
 */
export async function visibleOrganizations(
  deps: DirectoryDeps,
  act: Act,
  action: string,
  asked: OrganizationId | undefined,
): Promise<readonly OrganizationId[] | undefined> {
  if (asked !== undefined) {
    await requireOrganization(deps.storage.db, asked)
    deps.gate.require(act, action, { type: 'Organization', id: asked })
    return [asked]
  }
  if (deps.gate.may(act, action, deployment)) return undefined
  const visible: OrganizationId[] = []
  for (const id of await candidates(deps, act))
    if (deps.gate.may(act, action, { type: 'Organization', id })) visible.push(id)
  if (visible.length === 0) deps.gate.require(act, action, deployment) // refuses, with its reason
  return visible
}

async function candidates(deps: DirectoryDeps, act: Act): Promise<Set<OrganizationId>> {
  const principal = principalOf(act)
  if (principal === undefined) throw new Fault('web.unauthenticated')
  const found = new Set<OrganizationId>()
  if ('organizationId' in act.actor) found.add(act.actor.organizationId)
  let level = [principal]
  const seen = new Set<string>()
  for (let depth = 0; depth <= groupDepthMost && level.length > 0; depth++) {
    for (const holder of level) {
      seen.add(holder.id)
      for (const grant of await listGrants(deps.storage.db, { principal: holder }, '', organizationsMost)) {
        const { resource } = grant
        if (resource.type === 'Organization' && isId('org', resource.id)) found.add(resource.id)
        if (found.size >= organizationsMost) return found
      }
    }
    const groups = await groupsOfMembers(
      deps.storage.db,
      level.map(({ id }) => id),
    )
    level = [...new Set([...groups.values()].flat())].filter((id) => !seen.has(id)).map((id) => ({ type: 'Group', id }))
  }
  return found
}
