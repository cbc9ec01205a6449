import { Readable } from 'node:stream'
import type { FeedEvent } from '#feed'
import { Type } from '#kernel'
import { makeCursor, type Operation, operation, pageDefault, pageMost, readCursor } from '#web'
import { exportFormats, mediaTypeOf, writeExport } from './export.ts'
import { findMatching, requireSearch, type Search, type SearchDeps } from './search.ts'

const time = (description: string) => Type.Optional(Type.String({ pattern: '^\\d{1,15}$', description }))
const filters = {
  actor: Type.Optional(Type.String({ maxLength: 256, description: 'Id or name of who did it' })),
  target: Type.Optional(Type.String({ maxLength: 256, description: 'Id or name of what it was done to' })),
  request: Type.Optional(Type.String({ maxLength: 128 })),
  action: Type.Optional(Type.String({ maxLength: 128, description: 'An event type, or `directory.*`' })),
  outcome: Type.Optional(Type.Union([Type.Literal('success'), Type.Literal('failure'), Type.Literal('denied')])),
  organization: Type.Optional(Type.String({ maxLength: 64, description: 'Only events of this organization (id)' })),
  text: Type.Optional(
    Type.String({ maxLength: 500, description: 'Words that must all be there; `plan*` for any ending' }),
  ),
  from: time('Milliseconds since the epoch, included'),
  until: time('Milliseconds since the epoch, not included'),
}
const closed = { additionalProperties: false }

/** Finding entries of the audit log by what they say, and taking them away as a stream. */
export function searchOperations(deps: SearchDeps): Operation[] {
  return [
    operation({
      id: 'audit.search',
      method: 'GET',
      url: '/api/audit/search',
      summary:
        'Entries of the audit log by actor, target, request, time, action, outcome, organization and words, newest first',
      access: { kind: 'action', action: 'viewEvents' },
      schemas: {
        query: Type.Object(
          {
            ...filters,
            limit: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$' })),
            cursor: Type.Optional(Type.String({ maxLength: 200 })),
          },
          closed,
        ),
        reply: Type.Object({ items: Type.Array(Type.Any()), next: Type.Optional(Type.String()) }),
      },
      handle: async ({ act, query }) => {
        const search = readSearch(query)
        requireSearch(deps, act, search)
        const limit = Math.min(pageMost, Number(query.limit ?? pageDefault))
        const beyond = query.cursor === undefined ? undefined : readCursor('audit.search', query.cursor, ['number'])[0]
        const items: FeedEvent[] = []
        for await (const event of findMatching(deps, search, 'newest', beyond, limit + 1)) {
          items.push(event)
          if (items.length > limit) break
        }
        const more = items.length > limit
        const page = items.slice(0, limit)
        return {
          items: page.map(({ touches: _touches, ...event }) => event),
          ...(more && { next: makeCursor('audit.search', [page.at(-1)?.position as number]) }),
        }
      },
    }),
    operation({
      id: 'audit.export',
      method: 'GET',
      url: '/api/audit/export',
      summary: 'All entries that a search finds, oldest first, as a stream: NDJSON, CSV or OCSF',
      access: { kind: 'action', action: 'viewEvents' },
      schemas: {
        query: Type.Object(
          { ...filters, format: Type.Optional(Type.Union(exportFormats.map((one) => Type.Literal(one)))) },
          closed,
        ),
      },
      produces: 'application/x-ndjson',
      handle: async ({ act, query, reply }) => {
        const search = readSearch(query)
        requireSearch(deps, act, search)
        const format = query.format ?? 'ndjson'
        const lines = writeExport(findMatching(deps, search, 'oldest', undefined, 500), format)
        await reply.type(mediaTypeOf(format)).send(Readable.from(lines, { objectMode: true }))
        return undefined
      },
    }),
  ]
}

function readSearch(query: Record<string, unknown>): Search {
  const { from, until, limit: _limit, cursor: _cursor, format: _format, ...rest } = query
  return {
    ...rest,
    ...(from !== undefined && { fromMs: Number(from) }),
    ...(until !== undefined && { untilMs: Number(until) }),
  }
}
