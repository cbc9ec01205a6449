import type { Command } from 'commander'
import { findOrganizationId } from '../../client/find.ts'
import { usage } from '../../failure.ts'
import { action, type Session } from '../../session.ts'
import { type Event, type EventFilterOptions, renderEvent } from './event.ts'
import { showTrail } from './trail.ts'

interface ListOptions extends EventFilterOptions {
  readonly request?: string
  readonly limit: string
}
interface TailOptions extends EventFilterOptions {
  readonly cursor?: string
}

/** `gatehouse events` and `events tail`: what changed, by whom, and all that one request caused. */
export function addEvents(program: Command): void {
  const events = withFilters(program.command('events'))
    .description('show what changed and by whom; with --request all that one request caused, decisions too')
    .option('--request <id>', 'the whole trail of this request id')
    .option('--limit <number>', 'how many, the newest', '30')
    .action(
      action<ListOptions>(async (session, options) => {
        if (options.request !== undefined) return showTrail(session, options.request)
        const limit = Number(options.limit)
        if (!Number.isInteger(limit) || limit < 1) throw usage('--limit takes a number from 1')
        const query = { ...(await filterQuery(session, options)), order: 'newest' }
        const found: Event[] = []
        for await (const event of session.client.list<Event>('/api/events', query, limit)) found.push(event)
        found.reverse()
        if (session.out.json) session.out.answer(found, () => '')
        else if (found.length === 0) session.out.remark('No event fits')
        else for (const event of found) session.out.line(event, () => renderEvent(event))
      }),
    )
  withFilters(events.command('tail'))
    .description('follow what changes from now on, an event a line; ends with Ctrl-C and says where to take up')
    .option('--cursor <cursor>', 'take up where a former tail ended')
    .action(action<TailOptions>(tail))
}

function withFilters(command: Command): Command {
  return command
    .option('--type <type>', 'only this type, or directory.* for all of a room')
    .option('--organization <name>', 'only events of this organization')
    .option('--object <id>', 'only events about this')
    .option('--actor <id>', 'only events that this one caused')
}

async function filterQuery({ client }: Session, options: EventFilterOptions) {
  const { type, organization } = options
  return {
    type,
    objectId: options.object,
    actorId: options.actor,
    ...(organization !== undefined && { organizationId: await findOrganizationId(client, organization) }),
  }
}

const waitSeconds = 25

/** Follows the feed by waiting requests. A connection that breaks is made again, at the same place: nothing is left out. */
async function tail(session: Session, options: TailOptions): Promise<void> {
  const { client, out } = session
  const query = { ...(await filterQuery(session, options)), order: 'oldest', limit: 200 }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  let cursor = options.cursor ?? 'now'
  let failures = 0
  while (!stop.signal.aborted) {
    try {
      const wait = cursor === 'now' ? 0 : waitSeconds
      const page = { query: { ...query, cursor, wait }, signal: stop.signal }
      const { body } = await client.get<{ items: Event[]; next: string }>('/api/events', page)
      for (const event of body.items) out.line(event, () => renderEvent(event))
      cursor = body.next
      failures = 0
    } catch (error) {
      if (stop.signal.aborted) break
      // The first answer decides whether this can work at all; later breaks are waited out.
      if (cursor === 'now' || !isPassing(error) || ++failures > 60) throw error
      if (failures === 1) out.remark('Gatehouse does not answer; trying again…')
      await new Promise((resolve) => setTimeout(resolve, Math.min(5_000, 250 * failures)))
    }
  }
  out.remark(`Take up here with: gatehouse events tail --cursor ${cursor}`)
}

function isPassing(error: unknown): boolean {
  const { exit, problem } = error as { exit?: number; problem?: { status?: number } }
  return exit === 5 || (problem?.status ?? 0) >= 500 || problem?.status === 429
}
