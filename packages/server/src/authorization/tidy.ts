import { type Feed, type FeedEvent, record } from '#feed'
import type { Act, ApplicationId, Clock } from '#kernel'
import type { Storage, Tx } from '#storage'
import { grantData } from './grants/create-grant.ts'
import { deleteEndedGrants, deleteGrant, type GrantFilter, listGrants } from './grants/grant.store.ts'
import type { Grant } from './grants/grant.ts'
import { deleteQuietEdgeStreams } from './replica/edge-journal.store.ts'
import { deleteResourcesOf } from './resources/resource.store.ts'

/** How long a grant that has ended stays to be looked at. */
const endedMs = 30 * 86_400_000
const sweepMs = 3_600_000
const most = 500

export interface TidyDeps {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly onError: (where: string, error: unknown) => void
}

/**
 * Takes away what hangs on something deleted: grants to it, on it and of its roles, and an application's resources. Decisions do
 * not wait for it, for what does not exist is denied anyway; it is for the record and for the tables.
 */
export async function tidy(deps: TidyDeps): Promise<{ stop(): void }> {
  const { storage, feed, clock, onError } = deps
  await feed.follow({
    name: 'authorization-tidy',
    after: 'stored',
    handle: async (events) => {
      for (const event of events) if (isDeletion(event)) await forget(deps, event)
    },
  })
  const sweep = () => {
    const before = clock.nowMs() - endedMs
    storage.transact((tx) => deleteEndedGrants(tx, before)).catch((error) => onError('ended grants', error))
    storage.transact((tx) => deleteQuietEdgeStreams(tx, before)).catch((error) => onError('quiet streams', error))
  }
  const timer = setInterval(sweep, sweepMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

const isDeletion = ({ type }: FeedEvent) =>
  /^directory\.(user|group|machine|application|organization)_deleted$/.test(type)

async function forget({ storage, clock }: TidyDeps, event: FeedEvent): Promise<void> {
  const { type, id } = event.object
  const filters: GrantFilter[] = [{ principal: { type, id } }, { resource: { type, id } }]
  if (type === 'Application') filters.push({ applicationId: id as ApplicationId })
  for (const filter of filters) {
    for (;;) {
      const grants = await listGrants(storage.db, filter, '', most)
      if (grants.length === 0) break
      await storage.transact(async (tx) => {
        for (const grant of grants) await drop(tx, clock.nowMs(), event, grant)
      })
    }
  }
  if (type !== 'Application') return
  while ((await storage.transact((tx) => deleteResourcesOf(tx, id as ApplicationId, most))) > 0);
}

async function drop(tx: Tx, nowMs: number, event: FeedEvent, grant: Grant): Promise<void> {
  if (!(await deleteGrant(tx, grant.id))) return
  const act: Act = { actor: { type: 'system', name: 'authorization' }, requestId: event.requestId }
  await record(tx, act, {
    type: 'authorization.grant_revoked',
    atMs: nowMs,
    organizationId: grant.organizationId,
    object: { type: 'Grant', id: grant.id, name: grant.role },
    data: { ...grantData(grant), reason: `${event.object.type} ${event.object.id} was deleted` },
  })
}
