import {
  addGroup,
  addMachine,
  addOrganization,
  addProvider,
  addUser,
  changeGroup,
  changeMachine,
  changeMembersIn,
  changeOrganization,
  changeProvider,
  changeUser,
  type Group,
  type MachineChange,
  type MachineTransition,
  type MemberId,
  membersPerChange,
  moveMachineIn,
  moveOrganizationIn,
  moveProviderIn,
  moveUserIn,
  type OrganizationTransition,
  type Provider,
  type ProviderTransition,
  removeGroup,
  removeProvider,
  type UserTransition,
} from '#directory'
import { Fault, type GroupId, type MachineId, type OrganizationId, type UserId } from '#kernel'
import { groupChangeOf, machineChange, organizationChange, providerChange, userChange } from '../fields.ts'
import type { WantedItem } from '../item.ts'
import { pathBetween } from '../paths.ts'
import type { PlannedChange } from '../plan.ts'
import { type Applying, ranks, requireOrganizationId, requireRefId, type Step } from './step.ts'

/** The steps of a change of an organization, user, group or machine; none for others. */
export function directorySteps(applying: Applying, change: PlannedChange): Step[] {
  switch (change.kind) {
    case 'organization':
      return organizationSteps(applying, change)
    case 'user':
      return userSteps(applying, change)
    case 'group':
      return groupSteps(applying, change)
    case 'machine':
      return machineSteps(applying, change)
    case 'provider':
      return providerSteps(applying, change)
    default:
      return []
  }
}

/** The values of the fields that change, and whether any but these does. */
export function changedFields(change: PlannedChange, ...besides: string[]): Record<string, unknown> {
  const chosen = change.fields.filter(({ field }) => !besides.includes(field) && field !== 'state')
  return Object.fromEntries(chosen.map(({ field, after }) => [field, after]))
}

const idOf = (change: PlannedChange) => (change.known?.object as { id: string } | undefined)?.id

function organizationSteps({ tx, deps, act, names }: Applying, change: PlannedChange): Step[] {
  const { name } = change
  const id = async () => (await requireOrganizationId(names, name)) as OrganizationId
  const move = (moves: readonly string[]) => async () => {
    for (const transition of moves)
      await moveOrganizationIn(tx, deps, act, await id(), transition as OrganizationTransition)
  }
  const moves = pathBetween(change)
  const raises = change.wanted?.fields.state === 'active'
  const fields = organizationChange(changedFields(change))
  const first: Step['run'] = async () => {
    if (change.action === 'create') {
      const made = await addOrganization(tx, deps, act, { name, ...fields })
      names.learn({ kind: 'organization', organization: name, name }, made.id)
    } else if (Object.keys(fields).length > 0) await changeOrganization(tx, deps, act, await id(), fields)
    if (raises) await move(moves)()
  }
  const last = raises ? [] : [{ rank: ranks.lowerOrganization, change, run: move(moves) }]
  return [{ rank: ranks.organization, change, run: first }, ...last]
}

function userSteps({ tx, deps, act, names, wanted }: Applying, change: PlannedChange): Step[] {
  const { name, organization, action } = change
  let id = idOf(change) as UserId
  if (action === 'delete')
    return [{ rank: ranks.deleteUser, change, run: () => moveUserIn(tx, deps, act, id, 'delete') }]
  const moves = pathBetween(change) as UserTransition[]
  const goal = change.wanted?.fields.state
  // Only an active user can be given a machine: a new one who owns some leaves after that, within this transaction.
  const owns = (item: WantedItem) =>
    item.kind === 'machine' && item.organization === organization && item.fields.owner === `user:${name}`
  if (action === 'create' && moves[0] === 'deactivate' && wanted.items.some(owns)) moves.unshift('activate')
  const early = goal === 'active' || goal === 'invited' ? moves.length : moves.indexOf('activate') + 1
  const move = async (some: readonly UserTransition[]) => {
    for (const transition of some) await moveUserIn(tx, deps, act, id, transition)
  }
  const first: Step['run'] = async () => {
    const fields = userChange(changedFields(change))
    if (action === 'create') {
      const home = (await requireOrganizationId(names, organization)) as OrganizationId
      id = (await addUser(tx, deps, act, home, { username: name, ...fields })).id
      names.learn({ kind: 'user', organization, name }, id)
    } else if (Object.keys(fields).length > 0) await changeUser(tx, deps, act, id, fields)
    await move(moves.slice(0, early))
  }
  return [
    { rank: ranks.user, change, run: first },
    ...(early < moves.length ? [{ rank: ranks.lowerUser, change, run: () => move(moves.slice(early)) }] : []),
  ]
}

function groupSteps({ tx, deps, act, names }: Applying, change: PlannedChange): Step[] {
  const { name, organization, action } = change
  let group = change.known?.object as Group
  if (action === 'delete')
    return [{ rank: ranks.deleteGroup, change, run: () => removeGroup(tx, deps, act, group.id as GroupId) }]
  const first: Step['run'] = async () => {
    const fields = groupChangeOf(changedFields(change))
    if (action === 'create') {
      const home = (await requireOrganizationId(names, organization)) as OrganizationId
      group = await addGroup(tx, deps, act, home, { name, ...fields })
      names.learn({ kind: 'group', organization, name }, group.id)
    } else if (Object.keys(fields).length > 0) await changeGroup(tx, deps, act, group.id, fields)
  }
  const members = change.fields.find(({ field }) => field === 'members')
  const second: Step['run'] = async () => {
    const [before, after] = [new Set(members?.before as string[]), new Set(members?.after as string[])]
    const ids = (refs: readonly string[]) =>
      Promise.all(refs.map(async (ref) => (await requireRefId(names, ref, organization)) as MemberId))
    const add = await ids([...after].filter((ref) => !before.has(ref)))
    const remove = await ids([...before].filter((ref) => !after.has(ref)))
    for (let at = 0; at < remove.length; at += membersPerChange)
      await changeMembersIn(tx, deps, act, group.id, { remove: remove.slice(at, at + membersPerChange) })
    for (let at = 0; at < add.length; at += membersPerChange)
      await changeMembersIn(tx, deps, act, group.id, { add: add.slice(at, at + membersPerChange) })
  }
  return [
    { rank: ranks.group, change, run: first },
    ...(members === undefined ? [] : [{ rank: ranks.members, change, run: second }]),
  ]
}

function machineSteps({ tx, deps, act, names }: Applying, change: PlannedChange): Step[] {
  const { name, organization, action } = change
  let id = idOf(change) as MachineId
  if (action === 'delete')
    return [{ rank: ranks.deleteMachine, change, run: () => moveMachineIn(tx, deps, act, id, 'delete') }]
  const moves = pathBetween(change) as MachineTransition[]
  const raises = change.wanted?.fields.state === 'active'
  const move = async () => {
    for (const transition of moves) await moveMachineIn(tx, deps, act, id, transition)
  }
  const first: Step['run'] = async () => {
    const { owner: ref, ...rest } = changedFields(change)
    const owner = ref === undefined ? undefined : await requireRefId(names, ref as string, organization)
    const fields = { ...machineChange(rest), ...(owner !== undefined && { owner }) } as MachineChange
    if (action === 'create') {
      const home = (await requireOrganizationId(names, organization)) as OrganizationId
      id = (await addMachine(tx, deps, act, home, { name, owner: owner as string, ...fields })).id
      names.learn({ kind: 'machine', organization, name }, id)
    } else if (Object.keys(fields).length > 0) await changeMachine(tx, deps, act, id, fields)
    if (raises) await move()
  }
  const last = raises || moves.length === 0 ? [] : [{ rank: ranks.lowerMachine, change, run: move }]
  return [{ rank: ranks.machine, change, run: first }, ...last]
}

/** INVARIANT: issuer and client id never change: whom an identity there is linked to hangs on both. */
function providerSteps({ tx, deps, act, names }: Applying, change: PlannedChange): Step[] {
  const { name, organization, action } = change
  let provider = change.known?.object as Provider
  if (action === 'delete')
    return [{ rank: ranks.deleteProvider, change, run: () => removeProvider(tx, deps, act, provider.id) }]
  const run: Step['run'] = async () => {
    const fields = changedFields(change)
    if (action === 'create') {
      const home = (await requireOrganizationId(names, organization)) as OrganizationId
      provider = await addProvider(tx, deps, act, home, { name, ...providerChange(fields) })
    } else {
      if (fields.issuer !== undefined || fields.client_id !== undefined) throw new Fault('policies.provider_fixed')
      if (Object.keys(fields).length > 0) await changeProvider(tx, deps, act, provider.id, providerChange(fields))
    }
    for (const transition of pathBetween(change) as ProviderTransition[])
      await moveProviderIn(tx, deps, act, provider.id, transition)
  }
  return [{ rank: ranks.provider, change, run }]
}
