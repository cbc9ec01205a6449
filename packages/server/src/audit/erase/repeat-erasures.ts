import { setTimeout as sleep } from 'node:timers/promises'
import { findUser, moveUserIn } from '#directory'
import { isReadable } from '#feed'
import { type Act, type Entropy, isFault, type UserId } from '#kernel'
import { listPersonKeys } from '../persons/person-key.store.ts'
import { type EraseDeps, erasePerson } from './erase-person.ts'

const system: Act = { actor: { type: 'system', name: 'audit' }, requestId: 'erased-again' }

/**
 * Erases again, in the background, whom the list names and the database knows: after a backup was put back that was made
 * before the erasure, or after a crash in the middle of one. The user is deleted first where the backup brought them back.
 */
export function repeatErasures(
  deps: EraseDeps & { entropy: Entropy; onError: (where: string, error: unknown) => void },
): {
  close(): Promise<void>
} {
  const { storage, list } = deps
  const stopping = new AbortController()
  const isBack = async (person: UserId) => {
    const user = await findUser(storage.db, person)
    if (user !== undefined && user.state !== 'deleted') return true
    return (await listPersonKeys(storage.db, [person])).length > 0 || (await isReadable(storage.db, person))
  }
  const again = async (person: UserId) => {
    const user = await findUser(storage.db, person)
    if (user !== undefined && user.state !== 'deleted')
      await storage.transact((tx) => moveUserIn(tx, deps, system, person, 'delete', { reason: 'erased before' }))
    for (;;) {
      try {
        await erasePerson(deps, system, person)
        return
      } catch (error) {
        if (!isFault(error, 'audit.person_unsettled')) throw error
        await sleep(200, undefined, { signal: stopping.signal })
      }
    }
  }
  const running = (async () => {
    for (const person of list.read()) {
      if (stopping.signal.aborted) return
      try {
        if (await isBack(person)) await again(person)
      } catch (error) {
        if (!stopping.signal.aborted) deps.onError('erasing again after a restore', error)
      }
    }
  })()
  return {
    close: async () => {
      stopping.abort()
      await running
    },
  }
}
