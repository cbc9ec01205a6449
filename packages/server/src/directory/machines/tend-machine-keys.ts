import { record } from '#feed'
import type { Act, Clock } from '#kernel'
import type { Storage } from '#storage'
import { CredentialNotes, markCredentialWarned } from '../credentials/credential-notes.store.ts'
import { judgeCredentials, warningDays } from '../credentials/judge-credentials.ts'
import '../events.ts'
import { listMachines } from './machine.store.ts'

const day = 86_400_000
const pageRows = 200

/** Says 30, 7 and 1 days before that a key or secret of an active machine ends, once for the deployment. */
export async function tendMachineKeys({ storage, clock }: { storage: Storage; clock: Clock }): Promise<void> {
  const nowMs = clock.nowMs()
  const act: Act = { actor: { type: 'system', name: 'machine keys' }, requestId: `machine-keys-${nowMs}` }
  let after: readonly [string, string, string] | undefined
  for (;;) {
    const machines = await listMachines(storage.db, { state: 'active' }, { after, limit: pageRows })
    const notes = await CredentialNotes.read(
      storage.db,
      machines.map(({ id }) => id),
    )
    for (const machine of machines)
      for (const { kind, id, expiresAtMs } of judgeCredentials(machine, notes, true, nowMs)) {
        if (expiresAtMs === undefined || expiresAtMs <= nowMs) continue
        const days = warningDays.findLast((most) => expiresAtMs - nowMs <= most * day)
        const told = notes.of(machine.id, id)?.warnedDays
        if (days === undefined || (told !== undefined && told <= days)) continue
        await storage.transact(async (tx) => {
          if (!(await markCredentialWarned(tx, machine.id, id, days))) return
          await record(tx, act, {
            type: 'directory.machine_key_ending',
            atMs: nowMs,
            organizationId: machine.organizationId,
            object: { type: 'Machine', id: machine.id, name: machine.name },
            touches: [],
            data: { kind, kid: id, days, expiresAt: new Date(expiresAtMs).toISOString() },
          })
        })
      }
    const last = machines.at(-1)
    if (last === undefined || machines.length < pageRows) return
    after = [last.organizationId, last.name, last.id]
  }
}
