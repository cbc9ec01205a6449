import { record } from '#feed'
import type { Act, MachineId } from '#kernel'
import type { Tx } from '#storage'
import { about, changedMembers, changedRow, changesOf, type MoveOptions, moved } from '../changed.ts'
import { keyEndsOf } from '../credentials/client-key.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { leaveGroups } from '../groups/member.store.ts'
import { move } from '../lifecycle.ts'
import { onItsOwn } from '../on-its-own.ts'
import { requireOrganization } from '../organizations/organization.store.ts'
import { holdToRevision } from '../revision.ts'
import type { Trust } from '../trusts/trust.ts'
import { requireFitOwner } from './create-machine.ts'
import { requireMachine, updateMachineRow } from './machine.store.ts'
import {
  applyMachineChange,
  type Machine,
  type MachineChange,
  type MachineTransition,
  machineTransitions,
} from './machine.ts'

/**
 * Changes the members that are given; `keys` replaces all keys.
 * @throws {Fault} `directory.machine_unknown`, `directory.invalid`, `directory.owner_unfit`, `directory.name_taken`,
 * `web.revision_conflict`, `authorization.denied`
 */
export const updateMachine = onItsOwn(requireMachine, 'updateMachine', 'Machine', changeMachine)

/** As `updateMachine`, inside a transaction whose authorization is settled. */
export async function changeMachine(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: MachineId,
  change: MachineChange,
  ifRevision?: number,
): Promise<Machine> {
  const before = await requireMachine(tx, id)
  holdToRevision(before, ifRevision)
  const atMs = deps.clock.nowMs()
  const ends =
    change.keys === undefined ? undefined : keyEndsOf(await requireOrganization(tx, before.organizationId), atMs)
  const next = applyMachineChange(before, change, atMs, ends)
  if (next.owner !== before.owner) await requireFitOwner(tx, before.organizationId, next.owner)
  const changed = changedMembers(before, next)
  if (changed.length === 0) return before
  const after = changedRow(before, next, atMs)
  await updateMachineRow(tx, after)
  await record(tx, act, {
    ...about('Machine', after, after.name),
    type: 'directory.machine_updated',
    changes: changesOf(before, after, changed),
    data: { changed },
  })
  await endTrusts(tx, act, before, after.trusts, atMs)
  return after
}

/** What came by a trust that is taken away ends with it: see `tokens/revocation`. */
async function endTrusts(tx: Tx, act: Act, before: Machine, kept: readonly Trust[], atMs: number): Promise<void> {
  for (const { id, name, issuer } of before.trusts) {
    if (kept.some((trust) => trust.id === id)) continue
    await record(tx, act, {
      type: 'directory.trust_deleted',
      atMs,
      organizationId: before.organizationId,
      object: { type: 'Gatehouse::Trust', id, name },
      touches: [],
      data: { machine: before.id, issuer },
    })
  }
}

const transitions = {
  activate: { action: 'activateMachine', event: 'directory.machine_activated' },
  suspend: { action: 'suspendMachine', event: 'directory.machine_suspended' },
  deactivate: { action: 'deactivateMachine', event: 'directory.machine_deactivated' },
  delete: { action: 'deleteMachine', event: 'directory.machine_deleted' },
} as const

/**
 * One named transition of a machine's state; a tombstone keeps id, organization and owner only.
 * @throws {Fault} `directory.machine_unknown`, `directory.transition_refused`, `directory.owner_unfit` (activating an
 * orphan), `web.revision_conflict`, `authorization.denied`
 */
export const moveMachine = onItsOwn(
  requireMachine,
  (transition) => transitions[transition].action,
  'Machine',
  moveMachineIn,
)

/** As `moveMachine`, inside a transaction whose authorization is settled. */
export async function moveMachineIn(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: MachineId,
  transition: MachineTransition,
  options: MoveOptions = {},
): Promise<Machine> {
  const before = await requireMachine(tx, id)
  holdToRevision(before, options.ifRevision)
  const state = move(machineTransitions, before.state, transition)
  if (state === 'active') await requireFitOwner(tx, before.organizationId, before.owner)
  const atMs = deps.clock.nowMs()
  const erased =
    state === 'deleted'
      ? {
          name: id as string,
          displayName: id as string,
          credentials: { ...before.credentials, secrets: [], keys: [] },
          trusts: [],
        }
      : {}
  const after = changedRow(before, { ...erased, state }, atMs)
  await updateMachineRow(tx, after)
  if (state === 'deleted') await leaveGroups(tx, id)
  await record(tx, act, {
    ...about('Machine', after, before.name),
    type: transitions[transition].event,
    data: moved(before, after, options.reason),
  })
  return after
}
