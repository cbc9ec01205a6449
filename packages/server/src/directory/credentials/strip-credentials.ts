import { record } from '#feed'
import type { Act, ApplicationId, MachineId } from '#kernel'
import type { Tx } from '#storage'
import { requireApplication, updateApplicationRow } from '../applications/application.store.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { requireMachine, updateMachineRow } from '../machines/machine.store.ts'

/**
 * Takes every secret and key from a machine or application, inside a transaction whose authorization is settled. It can prove itself
 * by none of them any more; new ones are issued as at first.
 * @returns how many there were
 */
export async function stripCredentials(
  tx: Tx,
  { clock }: ChangeDeps,
  act: Act,
  id: MachineId | ApplicationId,
): Promise<number> {
  const isMachine = id.startsWith('machine_')
  const before = isMachine
    ? await requireMachine(tx, id as MachineId)
    : await requireApplication(tx, id as ApplicationId)
  const { secrets, keys } = before.credentials
  if (secrets.length + keys.length === 0) return 0
  const atMs = clock.nowMs()
  const changes = {
    credentials: { ...before.credentials, secrets: [], keys: [] },
    updatedAtMs: atMs,
    revision: before.revision + 1,
  }
  if ('owner' in before) await updateMachineRow(tx, { ...before, ...changes })
  else await updateApplicationRow(tx, { ...before, ...changes })
  await record(tx, act, {
    type: isMachine ? 'directory.machine_updated' : 'directory.application_updated',
    atMs,
    organizationId: before.organizationId,
    object: { type: isMachine ? 'Machine' : 'Application', id, name: before.name },
    revision: changes.revision,
    data: { changed: ['keys', 'secrets'] },
  })
  return secrets.length + keys.length
}
