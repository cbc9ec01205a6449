import { type FeedEvent, listNewestEvents } from '#feed'
import type { UserId } from '#kernel'
import type { Reader } from '#storage'

const eventsMost = 5_000
const pageMost = 500

/** One event as the person it is about is told of it. */
export interface OwnEvent {
  readonly at: string
  readonly type: string
  readonly outcome: string
  /** `you`, or what else did it: whoever that was is not this person's data. */
  readonly by: string
  readonly about: { readonly type: string; readonly id: string }
  readonly address?: string | undefined
  readonly browser?: string | undefined
  readonly request: string
  readonly data?: unknown
  readonly changes?: unknown
}

/**
 * What the record says of a person, newest first: what they did and what was done about them. INVARIANT: of others it holds nothing, neither
 * their names and addresses, nor what this person did to them beyond the fact.
 * @returns `more` when there is more than is told: the record itself has all
 */
export async function ownEvents(
  db: Reader,
  id: UserId,
): Promise<{ readonly items: OwnEvent[]; readonly more: boolean }> {
  const [about, by] = await Promise.all([newest(db, { objectId: id }), newest(db, { actorId: id })])
  const all = new Map([...about, ...by].map((event) => [event.position, event]))
  const sorted = [...all.values()].sort((one, other) => other.position - one.position)
  return { items: sorted.slice(0, eventsMost).map((event) => show(event, id)), more: sorted.length > eventsMost }
}

async function newest(db: Reader, filter: { objectId: string } | { actorId: string }): Promise<FeedEvent[]> {
  const found: FeedEvent[] = []
  for (let before: number | undefined; found.length <= eventsMost; before = found.at(-1)?.position) {
    const page = await listNewestEvents(db, before, pageMost, filter)
    found.push(...page)
    if (page.length < pageMost) break
  }
  return found
}

function show(event: FeedEvent, id: UserId): OwnEvent {
  const { type, atMs, outcome, actor, object, requestId, address, context, data, changes } = event
  const own = actor.id === id
  const ofThem = object.id === id || (own && object.type === 'Session')
  return {
    at: new Date(atMs).toISOString(),
    type,
    outcome,
    by: own ? 'you' : actor.type,
    about: { type: object.type, id: object.id },
    ...(own && { address, browser: context.device }),
    request: requestId,
    ...(ofThem && { data, changes }),
  }
}
