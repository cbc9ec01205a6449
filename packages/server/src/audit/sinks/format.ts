import type { FeedEvent } from '#feed'
import type { OcsfVersion } from '../ocsf/classes.ts'
import { toOcsf } from '../ocsf/ocsf.ts'
import { toVisible, toVisibleJson } from './escape.ts'

export type Format = 'ocsf' | 'ocsf-1.8' | 'gatehouse'

/** An event as an object of the format. */
export function toFormat(event: FeedEvent, format: Format): object {
  if (format === 'gatehouse') {
    const { touches: _touches, ...told } = event
    return told
  }
  const version: OcsfVersion = format === 'ocsf' ? '1.9.0' : '1.8.0'
  return toOcsf(event, version)
}

/** An event as one line of JSON without its line feed. */
export const toLine = (event: FeedEvent, format: Format): string => toVisibleJson(toFormat(event, format))

/** Log audit (RFC 5424 table 1). */
const facility = 13
const severities = { success: 6, failure: 5, denied: 4 } as const

/**
 * An event as a syslog message (RFC 5424 §6): position, request and organization as structured data, the event itself as
 * JSON in the message.
 * @param host as in HOSTNAME
 */
export function toSyslog(event: FeedEvent, format: Format, host: string): string {
  const priority = facility * 8 + severities[event.outcome]
  const time = new Date(event.atMs).toISOString()
  const parameters = [
    ['position', String(event.position)],
    ['request', event.requestId],
    ['organization', event.organizationId],
    ['outcome', event.outcome],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${escapeParameter(value)}"`]))
  const id = event.type.replace(/[^\x21-\x7e]/g, '_').slice(0, 32)
  return `<${priority}>1 ${time} ${host} gatehouse - ${id} [audit@32473 ${parameters.join(' ')}] \ufeff${toLine(event, format)}`
}

/** PARAM-VALUE: `"`, `\` and `]` are escaped (RFC 5424 §6.3.3). */
const escapeParameter = (value: string) => toVisible(value).replace(/["\\\]]/g, (found) => `\\${found}`)

/** Events that are put into words before requests get their turn. */
const atOnce = 50

/** Makes something of each event of a batch, in turns of the event loop: a sink that catches up makes no request slower. */
export async function inTurns<T>(events: readonly FeedEvent[], make: (event: FeedEvent) => T): Promise<T[]> {
  const made: T[] = []
  for (const event of events) {
    made.push(make(event))
    if (made.length % atOnce === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return made
}
