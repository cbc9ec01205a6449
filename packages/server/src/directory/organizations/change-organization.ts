import { record } from '#feed'
import { type Act, Fault, type OrganizationId } from '#kernel'
import type { Tx } from '#storage'
import { about, changedMembers, changedRow, changesOf, type MoveOptions, moved } from '../changed.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { move } from '../lifecycle.ts'
import { keepAdministrators } from '../lockout/keep-administrators.ts'
import { onItsOwn } from '../on-its-own.ts'
import { holdToRevision } from '../revision.ts'
import { touchInhabitants } from './inhabitants.store.ts'
import { hasInhabitants, requireOrganization, updateOrganizationRow } from './organization.store.ts'
import {
  homeName,
  type Organization,
  type OrganizationChange,
  type OrganizationTransition,
  organizationTransitions,
  parseOrganizationChange,
} from './organization.ts'

/**
 * Changes the members that are given.
 * @throws {Fault} `directory.organization_unknown`, `directory.invalid`, `directory.name_taken`, `web.revision_conflict`
 */
export const updateOrganization = onItsOwn(
  requireOrganization,
  'updateOrganization',
  'Organization',
  changeOrganization,
)

/** As `updateOrganization`, inside a transaction whose authorization is settled. */
export async function changeOrganization(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: OrganizationId,
  change: OrganizationChange,
  ifRevision?: number,
): Promise<Organization> {
  const parsed = parseOrganizationChange(change)
  const before = await requireOrganization(tx, id)
  holdToRevision(before, ifRevision)
  if (before.name === homeName && parsed.name !== undefined && parsed.name !== homeName) {
    throw new Fault('directory.organization_is_home', { detail: 'The home organization keeps its name' })
  }
  // Each group of settings by itself: whoever changes sign-in says nothing of tokens.
  const settings = { ...before.settings, ...parsed.settings }
  const next = { ...parsed, ...(parsed.settings !== undefined && { settings }) }
  const changed = changedMembers(before, next)
  if (changed.length === 0) return before
  const after = changedRow(before, next, deps.clock.nowMs())
  await updateOrganizationRow(tx, after)
  await record(tx, act, {
    ...about('Organization', after, after.name),
    type: 'directory.organization_updated',
    changes: changesOf(before, after, changed),
    data: { changed },
  })
  return after
}

const events = {
  activate: 'directory.organization_activated',
  suspend: 'directory.organization_suspended',
  delete: 'directory.organization_deleted',
} as const

/**
 * Activates, suspends or deletes. Deleting asks for an organization without users, machines and applications, and leaves a
 * tombstone.
 * @throws {Fault} `directory.transition_refused`, `directory.organization_is_home`, `directory.organization_not_empty`
 */
export const moveOrganization = onItsOwn(
  requireOrganization,
  (transition) => (transition === 'delete' ? 'deleteOrganization' : 'updateOrganization'),
  'Organization',
  moveOrganizationIn,
)

/** As `moveOrganization`, inside a transaction whose authorization is settled. */
export async function moveOrganizationIn(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: OrganizationId,
  transition: OrganizationTransition,
  options: MoveOptions = {},
): Promise<Organization> {
  const before = await requireOrganization(tx, id)
  holdToRevision(before, options.ifRevision)
  if (before.name === homeName && transition !== 'activate') throw new Fault('directory.organization_is_home')
  const state = move(organizationTransitions, before.state, transition)
  if (state === 'deleted' && (await hasInhabitants(tx, id))) throw new Fault('directory.organization_not_empty')
  const atMs = deps.clock.nowMs()
  const erased = state === 'deleted' ? { name: id, displayName: id, domains: [], settings: {} } : {}
  const after = changedRow(before, { ...erased, state }, atMs)
  await keepAdministrators(tx, atMs, () => updateOrganizationRow(tx, after))
  await record(tx, act, {
    ...about('Organization', after, before.name),
    type: events[transition],
    data: moved(before, after, options.reason),
  })
  await touchInhabitants(tx, act, { ...after, name: before.name }, atMs)
  return after
}
