import type { Command } from 'commander'
import { findOrganizationId } from '../../client/find.ts'
import { usage } from '../../failure.ts'
import { action, type Session } from '../../session.ts'
import { type Event, renderEvent } from '../events/event.ts'

interface Options {
  readonly actor?: string
  readonly target?: string
  readonly request?: string
  readonly action?: string
  readonly outcome?: string
  readonly organization?: string
  readonly since?: string
  readonly until?: string
  readonly format?: string
  readonly limit: string
}

/** `gatehouse audit search`: by who, what, when and by words; with `--format` all that fits, as a stream. */
export function addSearch(audit: Command): void {
  audit
    .command('search [words...]')
    .description('entries by actor, target, time, action, outcome and words ("plan*" for any ending), newest last')
    .option('--actor <id-or-name>', 'who did it')
    .option('--target <id-or-name>', 'what it was done to')
    .option('--request <id>', 'by one request')
    .option('--action <type>', 'an event type, or "directory.*" for all of a room')
    .option('--outcome <outcome>', 'success, failure or denied')
    .option('--organization <organization>', 'only what happened in this organization')
    .option('--since <time>', 'from this moment, as in 2026-11-24 or 2026-11-24T10:00:00Z')
    .option('--until <time>', 'before this moment')
    .option('--format <format>', 'everything that fits, oldest first: ndjson, csv, ocsf or ocsf-1.8')
    .option('--limit <number>', 'how many, the newest', '30')
    .action(
      action<Options>(async (session, options, ...words) => {
        const query = await readQuery(session, options, words.flat().filter((word) => word !== undefined) as string[])
        if (options.format !== undefined) return stream(session, { ...query, format: options.format })
        const limit = Number(options.limit)
        if (!Number.isInteger(limit) || limit < 1) throw usage('--limit takes a number from 1')
        const found: Event[] = []
        for await (const event of session.client.list<Event>('/api/audit/search', query, limit)) found.push(event)
        found.reverse()
        if (session.out.json) session.out.answer(found, () => '')
        else if (found.length === 0) session.out.remark('No entry fits')
        else for (const event of found) session.out.line(event, () => renderEvent(event))
      }),
    )
}

async function readQuery(session: Session, options: Options, words: readonly string[]) {
  const { actor, target, request, action, outcome } = options
  const time = (text: string | undefined, option: string) => {
    if (text === undefined) return undefined
    const ms = Date.parse(text)
    if (Number.isNaN(ms)) throw usage(`${option} takes a time, as in 2026-11-24T10:00:00Z`)
    return String(ms)
  }
  return {
    actor,
    target,
    request,
    action,
    outcome,
    organization:
      options.organization === undefined ? undefined : await findOrganizationId(session.client, options.organization),
    text: words.length === 0 ? undefined : words.join(' '),
    from: time(options.since, '--since'),
    until: time(options.until, '--until'),
  }
}

async function stream(session: Session, query: Record<string, string | undefined>): Promise<void> {
  const response = await session.client.send('GET', '/api/audit/export', { query })
  for await (const chunk of response.body ?? []) process.stdout.write(chunk)
}
