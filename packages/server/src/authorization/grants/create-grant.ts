import { record } from '#feed'
import { type Act, type ApplicationId, type Clock, type Entropy, Fault, newId, type OrganizationId } from '#kernel'
import type { Tx, Written } from '#storage'
import type { AuthorizationDeps } from '../deps.ts'
import { organizationOf } from '../entities/owner.ts'
import type { EntityUid } from '../entities/source.ts'
import '../faults.ts'
import { deployment } from '../gate/gate.ts'
import { insertGrant } from './grant.store.ts'
import type { Grant } from './grant.ts'
import './events.ts'
import { mayHandOn, refuseWiderThanOwn } from './width.ts'

export interface GrantInput {
  readonly role: string
  /** The application whose bundle has the role; without it a built-in role. */
  readonly applicationId?: ApplicationId | undefined
  readonly principal: EntityUid
  readonly resource: EntityUid
  /** Default: now. */
  readonly fromMs?: number | undefined
  readonly untilMs?: number | undefined
  readonly why: string
  /** Whether the role is one that is kept for emergencies: settled by who adds the grant, from the bundle in force. */
  readonly breakGlass?: true | undefined
}

/**
 * Grants a role.
 * @throws {Fault} `authorization.denied`, `authorization.grant_too_wide`, `authorization.grant_times`,
 * `authorization.grant_end_required`, `authorization.grant_too_long`, and `…_unknown` for what it names
 */
export async function createGrant(deps: AuthorizationDeps, act: Act, input: GrantInput): Promise<Written<Grant>> {
  const { snapshot } = deps
  const nowMs = deps.clock.nowMs()
  const { applicationId, role, principal, resource, untilMs } = input
  const application = applicationId === undefined ? undefined : snapshot.application(applicationId)
  if (applicationId !== undefined && application === undefined) throw new Fault('authorization.application_unknown')
  requireForGrant(deps, act, 'createGrant', input)
  refuseWiderThanOwn(deps, act, { applicationId, role, resource, untilMs })

  let organizationId: string | undefined
  let breakGlass: true | undefined
  if (application === undefined) {
    if (!snapshot.builtin.roles.has(role)) throw new Fault('authorization.role_unknown')
    organizationId = scopeOwner(deps, resource)
    if (!isPrincipal(deps, principal)) throw new Fault('authorization.principal_unknown')
  } else {
    organizationId = application.organizationId
    const { policies } = application.links(nowMs)
    const rule = application.manifest.roles?.[role]
    const named = Object.keys(application.manifest.roles ?? {}).length === 0 || rule !== undefined
    if (policies.slots(role) === undefined || !named) throw new Fault('authorization.role_unknown')
    if (application.stateOf(principal) === 'gatehouse:principal-unknown') {
      throw new Fault('authorization.principal_unknown')
    }
    if (snapshot.directory.types.has(resource.type) && application.view.find(resource.type, resource.id) === undefined)
      throw new Fault('authorization.scope_unknown')
    breakGlass = rule?.breakGlass
    if (rule?.end === 'required' && untilMs === undefined) throw new Fault('authorization.grant_end_required')
    if (rule?.longestMs !== undefined && (untilMs ?? Infinity) - (input.fromMs ?? nowMs) > rule.longestMs)
      throw new Fault('authorization.grant_too_long')
  }
  const settled = { ...input, breakGlass }
  return deps.storage.write((tx) => addGrant(tx, deps, act, organizationId as OrganizationId | undefined, settled))
}

/**
 * As `createGrant`, inside a transaction, for a caller that has settled authorization, existence and width itself: the first
 * administrator's owner grant, an approved elevation.
 * @param organizationId of the scope; undefined for the deployment
 * @throws {Fault} `authorization.grant_times`
 */
export async function addGrant(
  tx: Tx,
  deps: { readonly clock: Clock; readonly entropy: Entropy },
  act: Act,
  organizationId: OrganizationId | undefined,
  input: GrantInput,
): Promise<Grant> {
  const nowMs = deps.clock.nowMs()
  const { applicationId, role, principal, resource, untilMs, why } = input
  const fromMs = input.fromMs ?? nowMs
  if (untilMs !== undefined && (untilMs <= fromMs || untilMs <= nowMs)) throw new Fault('authorization.grant_times')
  const { actor } = act
  const grant: Grant = {
    id: newId('grant', deps),
    organizationId,
    applicationId,
    role,
    principal: { type: principal.type, id: principal.id },
    resource: { type: resource.type, id: resource.id },
    fromMs,
    untilMs,
    why,
    grantedBy: { type: actor.type, name: actor.name, ...('id' in actor && { id: actor.id }) },
    createdAtMs: nowMs,
  }
  await insertGrant(tx, grant)
  await record(tx, act, {
    type: 'authorization.grant_created',
    atMs: nowMs,
    organizationId,
    object: { type: 'Grant', id: grant.id, name: role },
    data: { ...grantData(grant), why },
  })
  if (input.breakGlass)
    await record(tx, act, {
      type: 'authorization.break_glass_granted',
      atMs: nowMs,
      organizationId,
      object: { type: 'Grant', id: grant.id, name: role },
      data: { ...grantData(grant), why },
      touches: [],
    })
  return grant
}

/**
 * Asks the gate about a grant: on its scope, or for a role of an application on the application. Who holds a role of an
 * application that may be handed on need not be an administrator as well: `width.ts` is then what decides.
 */
export function requireForGrant(
  { gate, snapshot, clock }: AuthorizationDeps,
  act: Act,
  action: 'createGrant' | 'revokeGrant' | 'viewGrant',
  { applicationId, resource, role }: Pick<GrantInput, 'applicationId' | 'resource' | 'role'>,
): void {
  if (applicationId === undefined) gate.require(act, action, resource)
  else if (action === 'viewGrant' || !mayHandOn({ snapshot, clock }, act, applicationId, role, resource))
    gate.require(act, action, { type: 'Application', id: applicationId })
}

/** What events say of a grant. */
export function grantData(grant: Grant) {
  return {
    role: grant.role,
    ...(grant.applicationId !== undefined && { application: grant.applicationId }),
    principal: grant.principal,
    resource: grant.resource,
    fromMs: grant.fromMs,
    ...(grant.untilMs !== undefined && { untilMs: grant.untilMs }),
  }
}

/** Whose a scope of a built-in role is. @throws {Fault} `authorization.scope_unknown` */
function scopeOwner({ snapshot }: AuthorizationDeps, resource: EntityUid): string | undefined {
  if (resource.type === deployment.type && resource.id === deployment.id) return undefined
  const entity = snapshot.directory.find(resource)
  if (entity === undefined) throw new Fault('authorization.scope_unknown')
  return organizationOf(entity)
}

function isPrincipal({ snapshot }: AuthorizationDeps, principal: EntityUid): boolean {
  const types = ['User', 'Group', 'Machine', 'Application']
  return types.includes(principal.type) && snapshot.directory.find(principal) !== undefined
}
