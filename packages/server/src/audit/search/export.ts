import type { FeedEvent } from '#feed'
import { toCsvField } from '../sinks/escape.ts'
import { toLine } from '../sinks/format.ts'

export const exportFormats = ['ndjson', 'csv', 'ocsf', 'ocsf-1.8'] as const
export type ExportFormat = (typeof exportFormats)[number]

type Column = readonly [title: string, of: (event: FeedEvent) => string | number | undefined]
const json = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value))
const columns: readonly Column[] = [
  ['position', (event) => event.position],
  ['time', (event) => new Date(event.atMs).toISOString()],
  ['type', (event) => event.type],
  ['outcome', (event) => event.outcome],
  ['actor_type', (event) => event.actor.type],
  ['actor_id', (event) => event.actor.id],
  ['actor_name', (event) => event.actor.name],
  ['through', (event) => event.context.through?.name ?? event.context.through?.id],
  ['target_type', (event) => event.object.type],
  ['target_id', (event) => event.object.id],
  ['target_name', (event) => event.object.name],
  ['organization', (event) => event.organizationId],
  ['request', (event) => event.requestId],
  ['trace', (event) => event.context.traceId],
  ['session', (event) => event.sessionId],
  ['address', (event) => event.address],
  ['device', (event) => event.context.device],
  ['policies', (event) => event.context.bundle],
  ['changes', (event) => json(event.changes)],
  ['data', (event) => json(event.data)],
]

/** Media type of a format. */
export const mediaTypeOf = (format: ExportFormat): string =>
  format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson; charset=utf-8'

/** The lines of an export, a few hundred at a time; hostile text is escaped, never changed (see `sinks/escape.ts`). */
export async function* writeExport(events: AsyncIterable<FeedEvent>, format: ExportFormat): AsyncGenerator<string> {
  let lines = format === 'csv' ? `${columns.map(([title]) => title).join(',')}\r\n` : ''
  for await (const event of events) {
    lines +=
      format === 'csv'
        ? `${columns.map(([, of]) => toCsvField(of(event))).join(',')}\r\n`
        : `${toLine(event, format === 'ndjson' ? 'gatehouse' : format)}\n`
    if (lines.length < 65_536) continue
    yield lines
    lines = ''
  }
  if (lines !== '') yield lines
}
