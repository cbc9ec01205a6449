import { record } from '#feed'
import type { Act, ApplicationId } from '#kernel'
import type { Tx } from '#storage'
import { about, changedMembers, changedRow, changesOf, type MoveOptions, moved } from '../changed.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { move } from '../lifecycle.ts'
import { onItsOwn } from '../on-its-own.ts'
import { holdToRevision } from '../revision.ts'
import { requireApplication, updateApplicationRow } from './application.store.ts'
import {
  type Application,
  type ApplicationChange,
  type ApplicationTransition,
  applicationTransitions,
} from './application.ts'
import { defaultsOf } from './defaults.ts'
import { applyChange } from './parse-application.ts'

/**
 * Changes the members that are given; `keys` replaces all keys.
 * @throws {Fault} `directory.application_unknown`, `directory.invalid`, `directory.name_taken`, `web.revision_conflict`
 */
export const updateApplication = onItsOwn(requireApplication, 'updateApplication', 'Application', changeApplication)

/** As `updateApplication`, inside a transaction whose authorization is settled. */
export async function changeApplication(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: ApplicationId,
  change: ApplicationChange,
  ifRevision?: number,
): Promise<Application> {
  const before = await requireApplication(tx, id)
  holdToRevision(before, ifRevision)
  const atMs = deps.clock.nowMs()
  const next = applyChange(before, change, atMs)
  const changed = changedMembers(before, next)
  if (changed.length === 0) return before
  const after = changedRow(before, next, atMs)
  await updateApplicationRow(tx, after)
  await record(tx, act, {
    ...about('Application', after, after.name),
    type: 'directory.application_updated',
    changes: changesOf(before, after, changed),
    data: { changed },
  })
  return after
}

const events = {
  activate: 'directory.application_activated',
  suspend: 'directory.application_suspended',
  delete: 'directory.application_deleted',
} as const

/**
 * Activates, suspends or deletes; a tombstone keeps id and organization only.
 * @throws {Fault} `directory.application_unknown`, `directory.transition_refused`, `web.revision_conflict`
 */
export const moveApplication = onItsOwn(
  requireApplication,
  (transition) => (transition === 'delete' ? 'deleteApplication' : 'updateApplication'),
  'Application',
  moveApplicationIn,
)

/** As `moveApplication`, inside a transaction whose authorization is settled. */
export async function moveApplicationIn(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: ApplicationId,
  transition: ApplicationTransition,
  options: MoveOptions = {},
): Promise<Application> {
  const before = await requireApplication(tx, id)
  holdToRevision(before, options.ifRevision)
  const state = move(applicationTransitions, before.state, transition)
  const erased =
    state === 'deleted' ? { ...defaultsOf(before.kind), name: id as string, displayName: id as string } : {}
  const after = changedRow(before, { ...erased, state }, deps.clock.nowMs())
  await updateApplicationRow(tx, after)
  await record(tx, act, {
    ...about('Application', after, before.name),
    type: events[transition],
    data: moved(before, after, options.reason),
  })
  return after
}
