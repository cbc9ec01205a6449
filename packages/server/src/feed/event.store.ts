import type { Generated, Selectable } from 'kysely'
import type { Act, OrganizationId } from '#kernel'
import { type Migration, type Reader, repeatedChange, repeatedInsert, repeatedRead, type Tx } from '#storage'
import { claimMigration, claimOnce } from './claim.store.ts'
import { allEvents, type EventType, type FeedEvent, type NewEvent } from './events.ts'
import { toMaskedJson } from './mask.ts'

interface EventTable {
  /** SQLite numbers it at once (the row id: one more than the highest); PostgreSQL leaves it to the sequencer. */
  position: Generated<number>
  type: string
  at: number
  organization_id: string | null
  object_type: string
  object_id: string
  object_name: string | null
  revision: number | null
  outcome: string
  actor_type: string
  actor_id: string | null
  actor_name: string
  request_id: string
  session_id: string | null
  address: string | null
  data: string
  touches: string | null
  /** JSON: trace, device, application that carried the act, policies. Null for none. */
  context: string | null
  /** JSON: before and after of each member. */
  changes: string | null
}

interface FollowerTable {
  name: string
  position: number
}

declare module '#storage' {
  interface Tables {
    events: EventTable
    followers: FollowerTable
  }
}

const columns = `type text not null, at int8 not null, organization_id text, object_type text not null, object_id text not null,
  object_name text, revision int8, outcome text not null, actor_type text not null, actor_id text, actor_name text not null,
  request_id text not null, session_id text, address text, data text not null, touches text`
/** Rows of one statement: parameters stay far below what the engines take. */
const rowsMost = 500
const indexes = `create index events_by_request on events (request_id);
create index events_by_organization on events (organization_id, position);
create index events_by_object on events (object_id, position);
create index events_by_actor on events (actor_id, position);
create table followers (name text primary key, position int8 not null);`

export const feedMigrations: readonly Migration[] = [
  {
    id: '0001_feed_events',
    only: 'sqlite',
    sql: `create table events (position int8 primary key, ${columns});\n${indexes}`,
  },
  {
    id: '0001_feed_events_numbered',
    only: 'postgres',
    sql: `create table events (id bigserial primary key, xid xid8 not null default pg_current_xact_id(), position int8, ${columns});
create unique index events_by_position on events (position);
create index events_unnumbered on events (xid, id) where position is null;
create table feed_sequencer (one int8 primary key, position int8 not null, below xid8 not null);
insert into feed_sequencer (one, position, below) values (1, 0, '0');
${indexes}`,
  },
  claimMigration,
  {
    id: '0003_feed_event_context',
    sql: `alter table events add column context text;\nalter table events add column changes text;`,
  },
]

/**
 * Records an event in the transaction of the change it tells of. INVARIANT: change and event commit together or not at all;
 * so does the claim on the Idempotency-Key of a request that made a change.
 * @throws {TypeError} for a type that no room has defined
 * @throws {Fault} `feed.claimed` when another request with the same Idempotency-Key has made its change first
 */
export async function record<T extends EventType>(tx: Tx, act: Act, event: NewEvent<T>): Promise<void> {
  await recordAll(tx, act, [event])
}

/** Records many events, in order, as `record` does each: for what changes hundreds of objects at once. */
export async function recordAll(tx: Tx, act: Act, events: readonly NewEvent<EventType>[]): Promise<void> {
  for (const { type } of events)
    if (!allEvents().has(type)) throw new TypeError(`unknown event ${type}: define it in its room`)
  const made = act.once && events.find((event) => (event.outcome ?? 'success') === 'success')
  if (made !== undefined) await claimOnce(tx, act, made)
  const [only] = events
  if (only !== undefined && events.length === 1) return insertEvent(tx, toRow(act, only))
  for (let at = 0; at < events.length; at += rowsMost) {
    const rows = events.slice(at, at + rowsMost).map((event) => toRow(act, event))
    await tx.insertInto('events').values(rows).execute()
  }
}

const insertEvent = repeatedInsert('events')

function toRow<T extends EventType>(act: Act, event: NewEvent<T>) {
  const { actor } = act
  return {
    type: event.type,
    at: event.atMs,
    organization_id: event.organizationId ?? null,
    object_type: event.object.type,
    object_id: event.object.id,
    object_name: event.object.name ?? null,
    revision: event.revision ?? null,
    outcome: event.outcome ?? 'success',
    actor_type: actor.type,
    actor_id: 'id' in actor ? actor.id : null,
    actor_name: actor.name,
    request_id: act.requestId,
    session_id: act.sessionId ?? null,
    address: act.address ?? null,
    data: toMaskedJson(event.data),
    touches: event.touches === undefined ? null : JSON.stringify(event.touches),
    context: contextOf(act),
    changes: event.changes === undefined ? null : toMaskedJson(event.changes),
  }
}

function contextOf({ traceId, device, through, bundle }: Act): string | null {
  if (traceId === undefined && device === undefined && through === undefined && bundle === undefined) return null
  return JSON.stringify({ traceId, device, through, bundle })
}

export interface EventFilter {
  readonly organizationId?: OrganizationId
  readonly requestId?: string
  readonly objectId?: string
  readonly actorId?: string
  /** One event type, or with a star at the end all that begin so: `directory.*`. */
  readonly type?: string
}

/** Numbered events after `position`, oldest first, at most `limit`. */
export async function listEvents(
  db: Reader,
  after: number,
  limit: number,
  filter: EventFilter = {},
): Promise<FeedEvent[]> {
  if (Object.keys(filter).length === 0) return (await selectNext(db, after, limit)).map(toEvent)
  const query = filtered(db, filter).where('position', '>', after).orderBy('position').limit(limit)
  return (await query.execute()).map(toEvent)
}
const selectNext = repeatedRead((db) =>
  db.selectFrom('events').selectAll().where('position', '>', 0).orderBy('position').limit(1),
)

/** Numbered events before `position` (undefined: from the newest), newest first, at most `limit`. */
export async function listNewestEvents(
  db: Reader,
  before: number | undefined,
  limit: number,
  filter: EventFilter = {},
): Promise<FeedEvent[]> {
  let query = filtered(db, filter)
  query = before === undefined ? query.where('position', 'is not', null) : query.where('position', '<', before)
  return (await query.orderBy('position', 'desc').limit(limit).execute()).map(toEvent)
}

/** The events at these positions, in no order; what is not there is left out. */
export async function findEvents(db: Reader, positions: readonly number[]): Promise<FeedEvent[]> {
  if (positions.length === 0) return []
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('position', 'in', [...positions])
    .execute()
  return rows.map(toEvent)
}

function filtered(db: Reader, filter: EventFilter) {
  let query = db.selectFrom('events').selectAll()
  if (filter.organizationId !== undefined) query = query.where('organization_id', '=', filter.organizationId)
  if (filter.requestId !== undefined) query = query.where('request_id', '=', filter.requestId)
  if (filter.objectId !== undefined) query = query.where('object_id', '=', filter.objectId)
  if (filter.actorId !== undefined) query = query.where('actor_id', '=', filter.actorId)
  if (filter.type?.endsWith('*')) {
    const start = filter.type.slice(0, -1)
    query = query.where((where) =>
      where(where.fn('substr', ['type', where.lit(1), where.lit(start.length)]), '=', start),
    )
  } else if (filter.type !== undefined) query = query.where('type', '=', filter.type)
  return query
}

function toEvent(row: Selectable<EventTable>): FeedEvent {
  const object = {
    type: row.object_type,
    id: row.object_id,
    ...(row.object_name !== null && { name: row.object_name }),
  }
  return {
    position: row.position,
    type: row.type,
    atMs: row.at,
    organizationId: (row.organization_id ?? undefined) as OrganizationId | undefined,
    object,
    revision: row.revision ?? undefined,
    outcome: row.outcome as FeedEvent['outcome'],
    actor: {
      type: row.actor_type as FeedEvent['actor']['type'],
      name: row.actor_name,
      ...(row.actor_id !== null && { id: row.actor_id }),
    },
    requestId: row.request_id,
    sessionId: row.session_id ?? undefined,
    address: row.address ?? undefined,
    context: row.context === null ? {} : JSON.parse(row.context),
    changes: row.changes === null ? undefined : JSON.parse(row.changes),
    data: JSON.parse(row.data),
    touches: row.touches === null ? [object] : JSON.parse(row.touches),
  }
}

export async function findFollowerPosition(db: Reader, name: string): Promise<number> {
  const row = await db.selectFrom('followers').select('position').where('name', '=', name).executeTakeFirst()
  return row?.position ?? 0
}

/** Moves a durable follower's cursor forward; never back. */
export async function saveFollowerPosition(tx: Tx, name: string, position: number): Promise<void> {
  await upsertFollower(tx, name, position, position, position)
}
const upsertFollower = repeatedChange((tx: Tx) =>
  tx
    .insertInto('followers')
    .values({ name: '', position: 0 })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ position: 0 }).where('followers.position', '<', 0)),
)

const countedAtOnce = 1_000

/** Committed events that have no position yet, and whether the newest `window` positions are all there. */
export async function examineEvents(db: Reader, window: number): Promise<{ unnumbered: number; missing: number }> {
  const all = (query: { n: number | string | bigint } | undefined) => Number(query?.n ?? 0)
  const open = db
    .selectFrom('events')
    .select((e) => e.fn.countAll().as('n'))
    .where('position', 'is', null)
  const newest = await db
    .selectFrom('events')
    .select((e) => e.fn.max('position').as('n'))
    .executeTakeFirst()
  const last = Number(newest?.n ?? 0)
  const oldest = await db
    .selectFrom('events')
    .select((e) => e.fn.min('position').as('n'))
    .executeTakeFirst()
  const first = Math.max(Number(oldest?.n ?? 1), last - window + 1)
  // In pieces: counting ten thousand rows at once holds up requests for as long as they take.
  let present = 0
  for (let from = first; from <= last; from += countedAtOnce) {
    if (from > first) await new Promise((resolve) => setImmediate(resolve))
    const piece = db
      .selectFrom('events')
      .select((e) => e.fn.countAll().as('n'))
      .where('position', '>=', from)
    present += all(await piece.where('position', '<=', Math.min(last, from + countedAtOnce - 1)).executeTakeFirst())
  }
  return { unnumbered: all(await open.executeTakeFirst()), missing: last === 0 ? 0 : last - first + 1 - present }
}
