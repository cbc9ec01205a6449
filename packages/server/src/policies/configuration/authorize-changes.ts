import { deployment, type EntityUid, type Grant, refuseRevokingWider, refuseWiderThanOwn } from '#authorization'
import { type Provider, widensTrust } from '#directory'
import type { Act, ApplicationId } from '#kernel'
import type { PoliciesDeps } from '../deps.ts'
import { providerChange } from './fields.ts'
import { applicationOf } from './item.ts'
import type { Known } from './known.ts'
import { pathBetween } from './paths.ts'
import type { Plan, PlannedChange } from './plan.ts'
import { readGrantName } from './read-grant.ts'

const stateActions = {
  user: { invite: 'inviteUser', activate: 'activateUser', suspend: 'suspendUser', deactivate: 'deactivateUser' },
  machine: { activate: 'activateMachine', suspend: 'suspendMachine', deactivate: 'deactivateMachine' },
} as const

/**
 * Asks the gate about every change as its own operation would, beside the right to apply configurations at all: files widen
 * nobody's rights. What is about to be made is asked of the organization it will be in, or of the deployment.
 * @throws {Fault} `authorization.denied`, `authorization.grant_too_wide`
 */
export async function authorizeChanges(
  deps: PoliciesDeps,
  act: Act,
  organizations: readonly string[],
  plan: Plan,
  known: Known,
): Promise<void> {
  const asked = new Set<string>()
  const require = (action: string, resource: EntityUid) => {
    const key = `${action} ${resource.type} ${resource.id}`
    if (asked.has(key)) return
    asked.add(key)
    deps.gate.require(act, action, resource)
  }
  for (const name of organizations) require('applyConfiguration', await organizationOf(known, name))
  for (const change of plan.changes) {
    const home = await organizationOf(known, change.organization)
    if (change.kind === 'grant') await authorizeGrant(deps, act, change, known, home)
    else for (const [action, resource] of await questions(change, known, home)) require(action, resource)
  }
}

async function organizationOf(known: Known, name: string): Promise<EntityUid> {
  const id = await known.names.idOf({ kind: 'organization', organization: name, name })
  return id === undefined ? deployment : { type: 'Organization', id }
}

async function questions(change: PlannedChange, known: Known, home: EntityUid): Promise<[string, EntityUid][]> {
  const { kind, action, name, fields } = change
  const it = (type: string): EntityUid => ({ type, id: (change.known?.object as { id: string } | undefined)?.id ?? '' })
  const application = known.applications.get(
    `${change.organization}/${kind === 'resource' ? applicationOf(name) : name}`,
  )
  const inApplication: EntityUid = application === undefined ? home : { type: 'Application', id: application.id }
  const others = fields.some(({ field }) => field !== 'state')
  switch (kind) {
    case 'organization':
      return action === 'create' ? [['createOrganization', deployment]] : [['updateOrganization', home]]
    case 'user':
    case 'machine': {
      const noun = kind === 'user' ? 'User' : 'Machine'
      if (action === 'delete') return [[`delete${noun}`, it(noun)]]
      const where = action === 'create' ? home : it(noun)
      const first = action === 'create' ? [kind === 'user' ? 'inviteUser' : 'createMachine'] : []
      const update = action === 'update' && others ? [`update${noun}`] : []
      const table = stateActions[kind] as Record<string, string>
      const moves = pathBetween(change).map((transition) => table[transition] as string)
      return [...first, ...update, ...moves].map((one) => [one, where])
    }
    case 'group': {
      if (action === 'delete') return [['deleteGroup', it('Group')]]
      if (action === 'create') return [['createGroup', home], ['changeMembers', home]] // biome-ignore format: a pair
      const members = fields.some(({ field }) => field === 'members')
      const title = fields.some(({ field }) => field !== 'members')
      return [...(title ? ['updateGroup'] : []), ...(members ? ['changeMembers'] : [])].map((one) => [one, it('Group')])
    }
    case 'application':
      if (action === 'create') return [['createApplication', home]]
      return [[action === 'delete' ? 'deleteApplication' : 'updateApplication', it('Application')]]
    case 'provider': {
      const manages: [string, EntityUid][] = [['manageProviders', home]]
      const before = change.known?.object as Provider | undefined
      const widens = action !== 'delete' && widensTrust(providerChange(change.wanted?.fields ?? {}), before)
      return widens ? [...manages, ['trustProviders', home]] : manages
    }
    case 'policies':
      return [['applyPolicies', inApplication]]
    case 'resource':
      return [['pushEntities', inApplication]]
    default:
      return []
  }
}

async function authorizeGrant(
  deps: PoliciesDeps,
  act: Act,
  change: PlannedChange,
  known: Known,
  home: EntityUid,
): Promise<void> {
  const { role, application, on } = await readGrantName(change, known.names)
  const owner = known.applications.get(`${change.organization}/${application}`)
  const own = application === 'gatehouse'
  // Undefined for what is about to be made.
  const scope: EntityUid | undefined = own ? on : owner && { type: 'Application', id: owner.id }
  const within = scope === undefined ? home : undefined
  const resource = on ?? home
  const applicationId = own ? undefined : (owner?.id ?? ('' as ApplicationId))
  if (change.action !== 'create') {
    deps.gate.require(act, 'revokeGrant', scope ?? home)
    refuseRevokingWider(deps, act, change.known?.object as Grant)
  }
  if (change.action === 'delete') return
  deps.gate.require(act, 'createGrant', scope ?? home)
  const until = change.wanted?.fields.until as string | null
  const untilMs = until === null ? undefined : Date.parse(until)
  refuseWiderThanOwn(deps, act, { applicationId, role, resource, untilMs, within })
}
