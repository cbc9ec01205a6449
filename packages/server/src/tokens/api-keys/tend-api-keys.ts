import { warningDays } from '#directory'
import { type Feed, record } from '#feed'
import type { Act, Clock } from '#kernel'
import type { Storage } from '#storage'
import '../events.ts'
import { deleteEndedApiKeys, listEnding, markWarned } from './api-key.store.ts'
import type { ApiKeyOwner } from './api-key.ts'
import { endApiKeysOf } from './revoke-api-key.ts'

const day = 86_400_000
/** How long an ended key stays listed. */
const keptMs = 90 * day
const everyMs = 3_600_000
const firstAfterMs = 60_000

const left: ReadonlySet<string> = new Set([
  'directory.user_deactivated',
  'directory.user_deleted',
  'directory.machine_deactivated',
  'directory.machine_deleted',
])

/** Ends for good the keys of whoever has left: coming back brings none of them back. They are denied already, by their owner's state. */
export async function endKeysOfLeavers(storage: Storage, feed: Feed): Promise<void> {
  await feed.follow({
    name: 'tokens.api-key-owners',
    after: 'stored',
    handle: async (events) => {
      for (const { type, object, atMs, position } of events) {
        if (!left.has(type)) continue
        const act: Act = { actor: { type: 'system', name: 'API keys' }, requestId: `api-keys-${position}` }
        await storage.transact((tx) => endApiKeysOf(tx, atMs, act, object.id as ApiKeyOwner, 'owner_left'))
      }
    },
  })
}

/** Says 30, 7 and 1 days before that a key ends, once for the deployment; forgets those long ended. */
export async function tendApiKeys({ storage, clock }: { storage: Storage; clock: Clock }): Promise<void> {
  const nowMs = clock.nowMs()
  const act: Act = { actor: { type: 'system', name: 'API keys' }, requestId: `api-keys-${nowMs}` }
  // The nearest end first: a key that is found late is told of once, not three times.
  for (const days of warningDays.toReversed())
    for (;;) {
      const ending = await listEnding(storage.db, nowMs, nowMs + days * day, days)
      for (const key of ending)
        await storage.transact(async (tx) => {
          if (!(await markWarned(tx, key.id, days))) return
          await record(tx, act, {
            type: 'tokens.api_key_ending',
            atMs: nowMs,
            organizationId: key.organizationId,
            object: { type: 'Gatehouse::ApiKey', id: key.id, name: key.name },
            touches: [],
            data: { owner: key.owner, days, expiresAt: new Date(key.expiresAtMs).toISOString() },
          })
        })
      if (ending.length < 200) break
    }
  await storage.transact((tx) => deleteEndedApiKeys(tx, nowMs - keptMs))
}

/** Tends them every hour, on each node. @returns what stops it */
export function keepTending(tend: () => Promise<void>, onError: (error: unknown) => void): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  const run = () => {
    running = running.then(tend).catch(onError)
  }
  // Soon after a start too: whoever restarts every half hour is told as well.
  const first = setTimeout(run, firstAfterMs)
  const timer = setInterval(run, everyMs)
  first.unref()
  timer.unref()
  return async () => {
    clearTimeout(first)
    clearInterval(timer)
    await running
  }
}
