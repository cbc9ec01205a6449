import { deployment, type Gate } from '#authorization'
import { type EventFilter, type FeedEvent, listEvents, listNewestEvents } from '#feed'
import type { Act, Clock } from '#kernel'
import type { Storage } from '#storage'
import type { Arrival } from './arrival.ts'

export interface EventsDeps {
  readonly storage: Storage
  readonly gate: Gate
  readonly clock: Clock
  readonly arrival: Arrival
}

export interface EventsQuery {
  readonly filter: EventFilter
  readonly order: 'newest' | 'oldest'
  /** The last position the caller has seen, in the order asked for; undefined to begin. */
  readonly from: number | undefined
  readonly limit: number
  /** With `oldest`: how long to wait for a first event when there is none. */
  readonly waitMs: number
  readonly signal?: AbortSignal
}

/**
 * Events that the actor may see: of one organization by a right on it, of all by a right on the deployment. What was committed before
 * the call is among them.
 * @throws {Fault} `authorization.denied`
 */
export async function listVisibleEvents(deps: EventsDeps, act: Act, query: EventsQuery): Promise<FeedEvent[]> {
  const { storage, gate, clock, arrival } = deps
  const { filter, from, limit } = query
  const scope = filter.organizationId === undefined ? deployment : { type: 'Organization', id: filter.organizationId }
  gate.require(act, 'viewEvents', scope)
  await storage.settle()
  if (query.order === 'newest') return listNewestEvents(storage.db, from, limit, filter)
  const until = clock.nowMs() + (arrival.open ? query.waitMs : 0)
  for (;;) {
    const { commits } = arrival
    const events = await listEvents(storage.db, from ?? 0, limit, filter)
    const leftMs = until - clock.nowMs()
    if (events.length > 0 || leftMs <= 0 || !arrival.open || query.signal?.aborted) return events
    await arrival.next(commits, leftMs)
    // INVARIANT: a right that ended while the request waited shows nothing more.
    gate.require(act, 'viewEvents', scope)
  }
}

/** The newest position: where a caller begins who wants only what comes. */
export async function newestPosition(storage: Storage): Promise<number> {
  await storage.settle()
  const [newest] = await listNewestEvents(storage.db, undefined, 1)
  return newest?.position ?? 0
}
