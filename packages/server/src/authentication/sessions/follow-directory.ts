import { type Feed, type FeedEvent, record } from '#feed'
import type { Act, Clock, OrganizationId, UserId } from '#kernel'
import type { Storage } from '#storage'
import { deleteFactors } from '../factors/delete-factors.ts'
import { deleteSessions } from './session.store.ts'
import type { Sessions } from './sessions.ts'

const barring: Readonly<Record<string, string>> = {
  'directory.user_suspended': 'user suspended',
  'directory.user_deactivated': 'user deactivated',
  'directory.user_deleted': 'user deleted',
}
const barringOrganization: ReadonlySet<string> = new Set([
  'directory.organization_suspended',
  'directory.organization_deleted',
])

/**
 * Ends the sessions of whoever the directory bars, on whatever node it happened, and erases what a deleted user signed in
 * with. Idempotent: a second run finds nothing to end.
 */
export async function followDirectory(deps: {
  feed: Feed
  storage: Storage
  clock: Clock
  sessions: Sessions
}): Promise<void> {
  const { feed, storage, clock, sessions } = deps
  const handle = async (event: FeedEvent) => {
    const act: Act = { actor: { type: 'system', name: 'sessions' }, requestId: event.requestId }
    const organization = event.organizationId
    if (organization === undefined) return
    const reason = barring[event.type]
    if (reason !== undefined) {
      const user = event.object.id as UserId
      await storage.transact(async (tx) => {
        await sessions.endAll(tx, act, organization, user, reason)
        if (event.type === 'directory.user_deleted') await deleteFactors(tx, organization, user)
      })
    }
    if (barringOrganization.has(event.type)) await endOfOrganization(act, organization)
  }
  const endOfOrganization = (act: Act, organization: OrganizationId) =>
    storage.transact(async (tx) => {
      const count = await deleteSessions(tx, organization, undefined)
      if (count === 0) return
      await record(tx, act, {
        type: 'authentication.sessions_ended',
        atMs: clock.nowMs(),
        organizationId: organization,
        object: { type: 'Organization', id: organization },
        data: { reason: 'organization barred', count },
        touches: [],
      })
    })
  await feed.follow({
    name: 'authentication.sessions',
    after: 'stored',
    handle: async (events) => {
      for (const event of events) if (event.type.startsWith('directory.')) await handle(event)
    },
  })
  await feed.follow({
    name: 'authentication.session_cache',
    after: (await storage.readMark()).position,
    handle: async (events) => sessions.cache.apply(events),
  })
}
