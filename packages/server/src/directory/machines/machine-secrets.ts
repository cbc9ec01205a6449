import { record } from '#feed'
import type { Act, MachineId, Secret } from '#kernel'
import type { Tx } from '#storage'
import { about, changedRow } from '../changed.ts'
import { type IssueOptions, issueSecret, withoutSecret } from '../credentials/client-secret.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { onItsOwn } from '../on-its-own.ts'
import { requireOrganization } from '../organizations/organization.store.ts'
import { requireMachine, updateMachineRow } from './machine.store.ts'
import type { Machine } from './machine.ts'

export interface MachineWithSecret {
  readonly machine: Machine
  readonly secretId: string
  /** Kept nowhere: show it once. */
  readonly secret: Secret
}

/**
 * Issues a client secret; former ones end at once, or after `overlapSeconds`.
 * @throws {Fault} `directory.machine_unknown`, `directory.no_client_secret`, `directory.too_many`, `authorization.denied`
 */
export const issueMachineSecret = onItsOwn(requireMachine, 'updateMachine', 'Machine', addMachineSecret)

/** As `issueMachineSecret`, inside a transaction whose authorization is settled. */
export async function addMachineSecret(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: MachineId,
  options: IssueOptions = {},
): Promise<MachineWithSecret> {
  const before = await requireMachine(tx, id)
  const { settings } = await requireOrganization(tx, before.organizationId)
  const most = settings.tokens?.keyDays === undefined ? undefined : settings.tokens.keyDays * 86_400
  const validSeconds = most === undefined ? options.validSeconds : Math.min(options.validSeconds ?? most, most)
  const { credentials, secret, secretId, replaced } = issueSecret(deps, before.credentials, {
    ...options,
    validSeconds,
  })
  const machine = changedRow(before, { credentials }, deps.clock.nowMs())
  await updateMachineRow(tx, machine)
  await record(tx, act, {
    ...about('Machine', machine, machine.name),
    type: 'directory.machine_secret_issued',
    data: { secretId, replaced },
  })
  return { machine, secret, secretId }
}

/** @throws {Fault} `directory.machine_unknown`, `directory.secret_unknown`, `authorization.denied` */
export const revokeMachineSecret = onItsOwn(requireMachine, 'updateMachine', 'Machine', dropMachineSecret)

async function dropMachineSecret(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: MachineId,
  secretId: string,
): Promise<Machine> {
  const before = await requireMachine(tx, id)
  const credentials = withoutSecret(before.credentials, secretId)
  const machine = changedRow(before, { credentials }, deps.clock.nowMs())
  await updateMachineRow(tx, machine)
  await record(tx, act, {
    ...about('Machine', machine, machine.name),
    type: 'directory.machine_secret_revoked',
    data: { secretId },
  })
  return machine
}
