import { CredentialNotes, judgeCredentials, listMachines } from '#directory'
import type { Clock } from '#kernel'
import type { Storage } from '#storage'
import type { Check } from './doctor.ts'

const shown = 5
const pageRows = 500
const machinesMost = 20_000

/** Keys and secrets of machines that have ended or soon do, never end, or that nobody uses. */
export function staleKeysCheck({ storage, clock }: { storage: Storage; clock: Clock }): Check {
  return {
    name: 'machine keys',
    run: async () => {
      const names = new Set<string>()
      let count = 0
      let after: readonly [string, string, string] | undefined
      for (let seen = 0; seen < machinesMost; seen += pageRows) {
        const machines = await listMachines(storage.db, { state: 'active' }, { after, limit: pageRows })
        const ids = machines.map(({ id }) => id)
        const notes = await CredentialNotes.read(storage.db, ids)
        for (const machine of machines)
          for (const { reasons } of judgeCredentials(machine, notes, true, clock.nowMs()))
            if (reasons.length > 0) {
              count++
              names.add(machine.name)
            }
        const last = machines.at(-1)
        if (last === undefined || machines.length < pageRows) break
        after = [last.organizationId, last.name, last.id]
      }
      if (count === 0) return { status: 'ok', says: 'None is stale' }
      const some = [...names].slice(0, shown).join(', ')
      return {
        status: 'warning',
        says: `${count} are stale: of ${some}${names.size > shown ? ' and others' : ''}`,
        advice: 'gatehouse machine key list --stale says why of each; gatehouse machine key rotate makes the next one',
      }
    },
  }
}
