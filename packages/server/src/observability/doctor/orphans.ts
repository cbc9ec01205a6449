import { listMachines } from '#directory'
import type { Storage } from '#storage'
import type { Check } from './doctor.ts'

const shown = 5
const most = 100

/** Machines whose owner has left: nobody answers for what they do. */
export function orphansCheck(storage: Storage): Check {
  return {
    name: 'orphans',
    run: async () => {
      const orphans = await listMachines(storage.db, { orphaned: true }, { limit: most })
      if (orphans.length === 0) return { status: 'ok', says: 'Every machine has an owner' }
      const names = orphans.slice(0, shown).map(({ name }) => name)
      const rest = orphans.length > shown ? ' and others' : ''
      return {
        status: 'warning',
        says: `Nobody owns ${names.join(', ')}${rest} (${orphans.length === most ? `${most} or more` : orphans.length})`,
        advice: 'GET /api/machines?orphaned=true lists them: give each a new owner, or deactivate it',
      }
    },
  }
}
