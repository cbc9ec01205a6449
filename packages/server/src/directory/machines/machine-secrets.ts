import { record } from '#feed'
import type { Act, MachineId, Secret } from '#kernel'
import type { Tx, Written } from '#storage'
import { type IssueOptions, issueSecret, withoutSecret } from '../credentials/client-secret.ts'
import type { ChangeDeps, DirectoryDeps } from '../deps.ts'
import '../events.ts'
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
export async function issueMachineSecret(
  deps: DirectoryDeps,
  act: Act,
  id: MachineId,
  options: IssueOptions = {},
): Promise<Written<MachineWithSecret>> {
  await requireMachine(deps.storage.db, id)
  deps.gate.require(act, 'updateMachine', { type: 'Machine', id })
  return deps.storage.write((tx) => addMachineSecret(tx, deps, act, id, options))
}

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
  const machine = await save(tx, deps, { ...before, credentials })
  await record(tx, act, {
    type: 'directory.machine_secret_issued',
    atMs: machine.updatedAtMs,
    organizationId: before.organizationId,
    object: { type: 'Machine', id, name: before.name },
    revision: machine.revision,
    data: { secretId, replaced },
  })
  return { machine, secret, secretId }
}

/** @throws {Fault} `directory.machine_unknown`, `directory.secret_unknown`, `authorization.denied` */
export async function revokeMachineSecret(
  deps: DirectoryDeps,
  act: Act,
  id: MachineId,
  secretId: string,
): Promise<Written<Machine>> {
  await requireMachine(deps.storage.db, id)
  deps.gate.require(act, 'updateMachine', { type: 'Machine', id })
  return deps.storage.write(async (tx) => {
    const before = await requireMachine(tx, id)
    const machine = await save(tx, deps, { ...before, credentials: withoutSecret(before.credentials, secretId) })
    await record(tx, act, {
      type: 'directory.machine_secret_revoked',
      atMs: machine.updatedAtMs,
      organizationId: before.organizationId,
      object: { type: 'Machine', id, name: before.name },
      revision: machine.revision,
      data: { secretId },
    })
    return machine
  })
}

async function save(tx: Tx, deps: ChangeDeps, changed: Machine): Promise<Machine> {
  const after = { ...changed, updatedAtMs: deps.clock.nowMs(), revision: changed.revision + 1 }
  await updateMachineRow(tx, after)
  return after
}
