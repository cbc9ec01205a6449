import { record } from '#feed'
import type { Act } from '#kernel'
import type { Tx } from '#storage'
import '../events.ts'
import type { User } from '../users/user.ts'
import { listMachines } from './machine.store.ts'

/** Tells of each machine that loses its owner as this user leaves. The machines go on; a new owner is to be found. */
export async function recordOrphans(tx: Tx, act: Act, owner: User, atMs: number): Promise<void> {
  const filter = { organizationIds: [owner.organizationId], owner: owner.id }
  let after: readonly [string, string, string] | undefined
  for (;;) {
    const machines = await listMachines(tx, filter, { after, limit: 200 })
    for (const machine of machines) {
      await record(tx, act, {
        type: 'directory.machine_orphaned',
        atMs,
        organizationId: machine.organizationId,
        object: { type: 'Machine', id: machine.id, name: machine.name },
        revision: machine.revision,
        data: { owner: owner.id },
      })
    }
    const last = machines.at(-1)
    if (last === undefined || machines.length < 200) return
    after = [last.organizationId, last.name, last.id]
  }
}
