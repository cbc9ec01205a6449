import type { Clock } from '#kernel'
import type { Storage } from '#storage'
import { deleteEndedParticipants } from '../logout/participant.store.ts'
import { deleteEndedRevocations } from '../revocation/revocation.store.ts'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import { deleteEndedStatusEntries } from '../status-lists/status-entry.store.ts'
import { deleteExpired } from './artifact.store.ts'

/** Short enough that a token request hardly waits for it: each row stands in several indexes. */
const batch = 100
const everyMs = 30_000
/** So that a clock behind ours still finds what it may use. */
const marginMs = 120_000

/** Deletes what has ended, in small steps, every half minute and when told. Any number of nodes may do so. */
export function expireArtifacts(deps: {
  storage: Storage
  clock: Clock
  revocations: RevocationSet
  onError: (where: string, error: unknown) => void
}): { sweep(): Promise<void>; stop(): Promise<void> } {
  const { storage, clock, revocations, onError } = deps
  let stopping = false
  const sweep = async () => {
    revocations.sweep()
    const beforeMs = clock.nowMs() - marginMs
    await storage.transact((tx) => deleteEndedRevocations(tx, beforeMs))
    await storage.transact((tx) => deleteEndedParticipants(tx, beforeMs))
    while (!stopping && (await storage.transact((tx) => deleteEndedStatusEntries(tx, beforeMs, batch))) === batch) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    while (!stopping && (await storage.transact((tx) => deleteExpired(tx, beforeMs, batch))) === batch) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  let running: Promise<void> = Promise.resolve()
  const run = (): Promise<void> => {
    running = running.then(sweep).catch((error) => onError('expiry of tokens', error))
    return running
  }
  const timer = setInterval(run, everyMs)
  timer.unref()
  return {
    sweep: run,
    stop: async () => {
      stopping = true
      clearInterval(timer)
      await running
    },
  }
}
