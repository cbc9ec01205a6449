import { addGrant, type Grant, type GrantInput, removeGrant } from '#authorization'
import { keepAdministrators } from '#directory'
import { Fault, type OrganizationId } from '#kernel'
import { findActivation, findBundle } from '../../bundles/bundle.store.ts'
import type { PlannedChange } from '../plan.ts'
import { type NamedGrant, readGrantName } from '../read-grant.ts'
import { type Applying, ranks, requireOrganizationId, type Step } from './step.ts'

/** The steps of a change of a grant. A grant itself never changes: another takes its place. */
export function grantSteps(applying: Applying, change: PlannedChange): Step[] {
  if (change.kind !== 'grant') return []
  const { tx, deps, act } = applying
  const revoke = () =>
    removeGrant(tx, { ...deps, keepAdministrators }, act, change.known?.object as Grant, 'configuration')
  if (change.action === 'delete') {
    const own = change.name.startsWith('gatehouse/')
    return [{ rank: own ? ranks.revokeOwnRole : ranks.revokeApplicationRole, change, run: revoke }]
  }
  const run = async () => {
    await grant(applying, change)
    if (change.action === 'update') await revoke()
  }
  return [{ rank: ranks.grant, change, run }]
}

async function grant(applying: Applying, change: PlannedChange): Promise<void> {
  const { tx, deps, act, names } = applying
  const named = await readGrantName(change, names)
  const { role, to, on, toText, onText } = named
  if (to === undefined) throw new Fault('policies.reference_unknown', { detail: `there is no ${toText}` })
  if (on === undefined) throw new Fault('policies.reference_unknown', { detail: `there is no ${onText}` })
  const { from, until, why } = { ...change.known?.fields, ...change.wanted?.fields } as Record<string, string | null>
  const input: GrantInput = {
    role,
    principal: to,
    resource: on,
    why: why ?? 'configuration',
    ...(typeof from === 'string' && { fromMs: Date.parse(from) }),
    ...(typeof until === 'string' && { untilMs: Date.parse(until) }),
  }
  if (named.application === 'gatehouse') {
    if (!deps.snapshot.builtin.roles.has(role)) throw new Fault('authorization.role_unknown')
    const home = onText === 'deployment' ? undefined : await requireOrganizationId(names, change.organization)
    await addGrant(tx, deps, act, home as OrganizationId | undefined, input)
    return
  }
  const application = applying.applications.get(`${change.organization}/${named.application}`)
  if (application === undefined)
    throw new Fault('policies.reference_unknown', { detail: `there is no application ${named.application}` })
  const breakGlass = await holdToBundle(applying, application, named, input)
  await addGrant(tx, deps, act, application.organizationId, { ...input, applicationId: application.id, breakGlass })
}

/** What the bundle in force says of a role, as an ordinary grant is held to it. @returns whether it is kept for emergencies */
async function holdToBundle(
  { tx, deps }: Applying,
  application: Parameters<typeof findActivation>[1],
  { role }: NamedGrant,
  { fromMs, untilMs }: GrantInput,
): Promise<true | undefined> {
  const active = await findActivation(tx, application)
  const bundle = active && (await findBundle(tx, application, active.hash))
  const roles = bundle?.manifest.roles ?? {}
  const known = bundle?.templates.includes(role) && (Object.keys(roles).length === 0 || Object.hasOwn(roles, role))
  if (!known) throw new Fault('authorization.role_unknown')
  const rule = roles[role]
  if (rule?.end === 'required' && untilMs === undefined) throw new Fault('authorization.grant_end_required')
  if (rule?.longestMs !== undefined && (untilMs ?? Infinity) - (fromMs ?? deps.clock.nowMs()) > rule.longestMs)
    throw new Fault('authorization.grant_too_long')
  return rule?.breakGlass
}
