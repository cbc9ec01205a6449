import { record } from '#feed'
import { type Act, Fault, newId, type OrganizationId, type UserId } from '#kernel'
import type { Reader, Tx } from '#storage'
import { about } from '../changed.ts'
import { keyEndsOf } from '../credentials/client-key.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { onItsOwn } from '../on-its-own.ts'
import { requireActiveOrganization, requireOrganization } from '../organizations/organization.store.ts'
import { findUser } from '../users/user.store.ts'
import { insertMachine } from './machine.store.ts'
import { applyMachineChange, type Machine, type MachineInput } from './machine.ts'

/** @throws {Fault} `directory.owner_unfit` unless the user is active and of this organization */
export async function requireFitOwner(db: Reader, organizationId: OrganizationId, owner: UserId): Promise<void> {
  const user = await findUser(db, owner)
  if (user?.organizationId !== organizationId || user.state !== 'active') throw new Fault('directory.owner_unfit')
}

/**
 * Makes an active machine; a client secret is issued apart (`issueMachineSecret`).
 * @throws {Fault} `directory.organization_unknown`, `directory.organization_closed`, `directory.invalid`,
 * `directory.owner_unfit`, `directory.name_taken`, `authorization.denied`
 */
export const createMachine = onItsOwn(requireOrganization, 'createMachine', 'Organization', addMachine)

/** As `createMachine`, inside a transaction whose authorization is settled. */
export async function addMachine(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  organizationId: OrganizationId,
  input: MachineInput,
): Promise<Machine> {
  const nowMs = deps.clock.nowMs()
  const blank: Machine = {
    id: newId('machine', deps),
    organizationId,
    name: input.name,
    displayName: input.name,
    owner: input.owner as UserId,
    credentials: { authMethod: 'client_secret_basic', secrets: [], keys: [] },
    scopes: [],
    accessTokenSeconds: 900,
    trusts: [],
    state: 'active',
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 1,
  }
  const organization = await requireActiveOrganization(tx, organizationId)
  const machine = applyMachineChange(blank, input, nowMs, keyEndsOf(organization, nowMs))
  await requireFitOwner(tx, organizationId, machine.owner)
  await insertMachine(tx, machine)
  await record(tx, act, {
    ...about('Machine', machine, machine.name),
    type: 'directory.machine_created',
    data: { name: machine.name, owner: machine.owner },
  })
  return machine
}
