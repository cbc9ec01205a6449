import type { Reader, Tx } from '#storage'
import './event.store.ts'

/** Positions of every event that somebody did or was the object of, ascending. */
export async function listPositionsOf(db: Reader, id: string): Promise<number[]> {
  const rows = await db
    .selectFrom('events')
    .select('position')
    .where((where) => where.or([where('actor_id', '=', id), where('object_id', '=', id)]))
    .where('position', 'is not', null)
    .orderBy('position')
    .execute()
  return rows.map((row) => row.position)
}

/** Whether an event of theirs is still without its number, or has one beyond `behind`: it is in no log that goes so far. */
export async function isOnItsWay(db: Reader, id: string, behind = Number.MAX_SAFE_INTEGER): Promise<boolean> {
  const row = await db
    .selectFrom('events')
    .select('type')
    .where((where) => where.or([where('position', 'is', null), where('position', '>', behind)]))
    .where((where) => where.or([where('actor_id', '=', id), where('object_id', '=', id)]))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Whether an event still names somebody: who was erased is named by none. */
export async function isReadable(db: Reader, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('events')
    .select('position')
    .where('position', 'is not', null)
    .where((where) =>
      where.or([
        where.and([where('actor_id', '=', id), where('actor_name', '!=', erased)]),
        where.and([where('object_id', '=', id), where('object_name', 'is not', null)]),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

const erased = 'erased'

/** Takes everything readable about somebody out of events; type, time, ids, outcome and request stay. */
export async function redactEvents(tx: Tx, id: string, positions: readonly number[]): Promise<void> {
  const some = [...positions]
  const all = { data: '{}', changes: null, touches: null }
  await tx.updateTable('events').set(all).where('position', 'in', some).execute()
  await tx
    .updateTable('events')
    .set({ actor_name: erased, address: null, session_id: null, context: null })
    .where('position', 'in', some)
    .where((where) => where.or([where('actor_id', '=', id), where('actor_type', '=', 'anonymous')]))
    .execute()
  await tx
    .updateTable('events')
    .set({ object_name: null })
    .where('position', 'in', some)
    .where('object_id', '=', id)
    .execute()
}

/** What stands in the place of names and ids that are past their retention. */
const expired = 'expired'

/** Takes everything but type, time, organization and outcome out of events that are past their retention. */
export async function blankEvents(tx: Tx, positions: readonly number[]): Promise<void> {
  const nothing = {
    data: '{}',
    changes: null,
    touches: null,
    context: null,
    address: null,
    session_id: null,
    revision: null,
  }
  await tx
    .updateTable('events')
    .set({
      ...nothing,
      object_id: expired,
      object_name: null,
      actor_id: null,
      actor_name: expired,
      request_id: expired,
    })
    .where('position', 'in', [...positions])
    .execute()
}

/** Of numbered events after `after` up to `last`: what retention and holds go by, oldest first. */
export async function listEventHeads(
  db: Reader,
  after: number,
  last: number,
  limit: number,
  organizationId: string | undefined,
): Promise<EventHead[]> {
  let query = headsQuery(db).where('position', '>', after).where('position', '<=', last)
  if (organizationId !== undefined) query = query.where('organization_id', '=', organizationId)
  return (await query.orderBy('position').limit(limit).execute()).map(toHead)
}

/** The same of some positions. */
export async function headsOf(db: Reader, positions: readonly number[]): Promise<EventHead[]> {
  const rows = await headsQuery(db)
    .where('position', 'in', [...positions])
    .execute()
  return rows.map(toHead)
}

const headsQuery = (db: Reader) =>
  db.selectFrom('events').select(['position', 'type', 'at', 'organization_id', 'actor_id', 'object_id', 'request_id'])

type HeadRow = Awaited<ReturnType<ReturnType<typeof headsQuery>['execute']>>[number]

const toHead = (row: HeadRow): EventHead => ({
  position: row.position,
  type: row.type,
  atMs: row.at,
  organizationId: row.organization_id ?? undefined,
  actorId: row.actor_id ?? undefined,
  objectId: row.object_id,
  blank: row.object_id === expired && row.request_id === expired,
})

export interface EventHead {
  readonly position: number
  readonly type: string
  readonly atMs: number
  readonly organizationId: string | undefined
  readonly actorId: string | undefined
  readonly objectId: string
  /** Whether it was blanked. */
  readonly blank: boolean
}
