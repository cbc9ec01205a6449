import type { FeedEvent } from '#feed'
import { Fault, isId, type OrganizationId, type Static, Type } from '#kernel'
import { makeCursor, type Operation, operation, pageDefault, pageMost, readCursor } from '#web'
import { type EventsDeps, listVisibleEvents, newestPosition } from './list-events.ts'

const eventShape = Type.Object({
  position: Type.Integer({ description: 'Place in the feed: contiguous, in the order of the commits' }),
  type: Type.String(),
  atMs: Type.Integer({ description: 'Milliseconds since the epoch' }),
  organizationId: Type.Optional(Type.String()),
  object: Type.Object({ type: Type.String(), id: Type.String(), name: Type.Optional(Type.String()) }),
  revision: Type.Optional(Type.Integer()),
  outcome: Type.Union([Type.Literal('success'), Type.Literal('failure'), Type.Literal('denied')]),
  actor: Type.Object({ type: Type.String(), id: Type.Optional(Type.String()), name: Type.String() }),
  requestId: Type.String(),
  sessionId: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
  context: Type.Optional(
    Type.Object({
      traceId: Type.Optional(Type.String({ description: 'Of the sender: W3C Trace Context' })),
      device: Type.Optional(Type.String({ description: 'User-Agent of the sender' })),
      through: Type.Optional(
        Type.Object(
          { type: Type.String(), id: Type.String(), name: Type.Optional(Type.String()) },
          { description: 'The application that acted for the actor' },
        ),
      ),
      bundle: Type.Optional(Type.String({ description: 'Hash of the policies in force' })),
    }),
  ),
  changes: Type.Optional(Type.Any({ description: 'Of each member that changed: from and to' })),
  data: Type.Any(),
})

const query = Type.Object(
  {
    requestId: Type.Optional(
      Type.String({ maxLength: 128, description: 'X-Request-ID of the request that caused them' }),
    ),
    type: Type.Optional(
      Type.String({
        pattern: '^[a-z_]+\\.(\\*|[a-z_]+\\*?)$',
        description: 'A type, or `directory.*` for all of a room',
      }),
    ),
    organizationId: Type.Optional(Type.String({ description: 'Only events of this organization (id)' })),
    objectId: Type.Optional(Type.String({ maxLength: 256, description: 'Id of what they are about' })),
    actorId: Type.Optional(Type.String({ maxLength: 256, description: 'Id of who caused them' })),
    order: Type.Optional(
      Type.Union([Type.Literal('newest'), Type.Literal('oldest')], { description: 'Default newest' }),
    ),
    wait: Type.Optional(
      Type.String({
        pattern: '^(\\d|[12]\\d|30)$',
        description: 'With order=oldest: seconds to wait for an event when there is none yet, at most 30',
      }),
    ),
    limit: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$', description: `At most ${pageMost}` })),
    cursor: Type.Optional(
      Type.String({ maxLength: 200, description: '`next` of a former answer, or `now` to begin with what comes' }),
    ),
  },
  { additionalProperties: false },
)

const reply = Type.Object({
  items: Type.Array(eventShape),
  next: Type.Optional(
    Type.String({ description: 'Take up here. With order=oldest always present: also after the newest event' }),
  ),
})

/** Reading the feed: by filter, page by page, or following it (`order=oldest`, `wait`, `cursor` of the last answer). */
export function eventsOperations(deps: EventsDeps): Operation[] {
  return [
    operation({
      id: 'events.list',
      method: 'GET',
      url: '/api/events',
      summary: 'Events of the feed, filtered, newest or oldest first; can wait for the next',
      access: { kind: 'action', action: 'viewEvents' },
      schemas: { query, reply },
      handle: async ({ act, query, reply }) => {
        const order = query.order ?? 'newest'
        const gone = new AbortController()
        reply.raw.once('close', () => gone.abort())
        const from = await readFrom(deps, order, query.cursor)
        const limit = Math.min(pageMost, Number(query.limit ?? pageDefault))
        const events = await listVisibleEvents(deps, act, {
          filter: {
            ...(query.requestId !== undefined && { requestId: query.requestId }),
            ...(query.type !== undefined && { type: query.type }),
            ...(query.organizationId !== undefined && { organizationId: parseOrganization(query.organizationId) }),
            ...(query.objectId !== undefined && { objectId: query.objectId }),
            ...(query.actorId !== undefined && { actorId: query.actorId }),
          },
          order,
          from,
          limit,
          waitMs: order === 'oldest' ? Number(query.wait ?? 0) * 1_000 : 0,
          signal: gone.signal,
        })
        const last = events.at(-1)?.position ?? (order === 'oldest' ? (from ?? 0) : undefined)
        const more = order === 'oldest' || events.length === limit
        return {
          items: events.map(toReply),
          ...(more && last !== undefined && { next: makeCursor(`events.${order}`, [last]) }),
        }
      },
    }),
  ]
}

async function readFrom(deps: EventsDeps, order: 'newest' | 'oldest', cursor: string | undefined) {
  if (cursor === undefined) return undefined
  if (cursor === 'now' && order === 'oldest') return newestPosition(deps.storage)
  return readCursor(`events.${order}`, cursor, ['number'])[0]
}

function parseOrganization(text: string): OrganizationId {
  if (isId('org', text)) return text
  throw new Fault('web.invalid', { detail: 'organizationId must be the id of an organization (org_…)' })
}

function toReply(event: FeedEvent): Static<typeof eventShape> {
  const { position, type, object, revision, outcome, actor, requestId, sessionId, address, data } = event
  return {
    position,
    type,
    atMs: event.atMs,
    ...(event.organizationId !== undefined && { organizationId: event.organizationId }),
    object,
    ...(revision !== undefined && { revision }),
    outcome,
    actor,
    requestId,
    ...(sessionId !== undefined && { sessionId }),
    ...(address !== undefined && { address }),
    ...(Object.keys(event.context).length > 0 && { context: event.context }),
    ...(event.changes !== undefined && { changes: event.changes }),
    data,
  }
}
