import { record } from '#feed'
import type { Act, ApplicationId } from '#kernel'
import type { Tx, Written } from '#storage'
import { changedMembers, changesOf } from '../changed.ts'
import type { ChangeDeps, DirectoryDeps } from '../deps.ts'
import '../events.ts'
import { move } from '../lifecycle.ts'
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
export async function updateApplication(
  deps: DirectoryDeps,
  act: Act,
  id: ApplicationId,
  change: ApplicationChange,
  ifRevision?: number,
): Promise<Written<Application>> {
  await requireApplication(deps.storage.db, id)
  deps.gate.require(act, 'updateApplication', { type: 'Application', id })
  return deps.storage.write((tx) => changeApplication(tx, deps, act, id, change, ifRevision))
}

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
  const after: Application = { ...next, updatedAtMs: atMs, revision: before.revision + 1 }
  await updateApplicationRow(tx, after)
  await record(tx, act, {
    type: 'directory.application_updated',
    atMs,
    organizationId: before.organizationId,
    object: { type: 'Application', id, name: after.name },
    revision: after.revision,
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

export interface MoveApplicationOptions {
  readonly reason?: string | undefined
  readonly ifRevision?: number | undefined
}

/**
 * Activates, suspends or deletes; a tombstone keeps id and organization only.
 * @throws {Fault} `directory.application_unknown`, `directory.transition_refused`, `web.revision_conflict`
 */
export async function moveApplication(
  deps: DirectoryDeps,
  act: Act,
  id: ApplicationId,
  transition: ApplicationTransition,
  options: MoveApplicationOptions = {},
): Promise<Written<Application>> {
  await requireApplication(deps.storage.db, id)
  const action = transition === 'delete' ? 'deleteApplication' : 'updateApplication'
  deps.gate.require(act, action, { type: 'Application', id })
  return deps.storage.write((tx) => moveApplicationIn(tx, deps, act, id, transition, options))
}

/** As `moveApplication`, inside a transaction whose authorization is settled. */
export async function moveApplicationIn(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: ApplicationId,
  transition: ApplicationTransition,
  options: MoveApplicationOptions = {},
): Promise<Application> {
  const before = await requireApplication(tx, id)
  holdToRevision(before, options.ifRevision)
  const state = move(applicationTransitions, before.state, transition)
  const atMs = deps.clock.nowMs()
  const erased =
    state === 'deleted' ? { ...defaultsOf(before.kind), name: id as string, displayName: id as string } : {}
  const after: Application = { ...before, ...erased, state, updatedAtMs: atMs, revision: before.revision + 1 }
  await updateApplicationRow(tx, after)
  await record(tx, act, {
    type: events[transition],
    atMs,
    organizationId: before.organizationId,
    object: { type: 'Application', id, name: before.name },
    revision: after.revision,
    data: { from: before.state, to: state, ...(options.reason !== undefined && { reason: options.reason }) },
  })
  return after
}
