import type { Command } from 'commander'
import { findOrganizationId, findUserId } from '../../client/find.ts'
import { usage } from '../../failure.ts'
import { action } from '../../session.ts'

interface Setting {
  readonly organizationId?: string
  readonly keepDays?: number
  readonly archiveDays?: number
}

interface Hold {
  readonly id: string
  readonly organizationId?: string
  readonly subject?: string
  readonly fromMs?: number
  readonly untilMs?: number
  readonly endsAtMs?: number
  readonly reason: string
  readonly by: string
  readonly inForce: boolean
}

/** `gatehouse audit retention`, `gatehouse audit sweep` and `gatehouse audit hold`. */
export function addRetention(audit: Command): void {
  const retention = audit.command('retention').description('how long the log keeps what it says: list, set')
  retention
    .command('list')
    .description('the settings, and what lies in archives')
    .action(
      action(async ({ client, out }) => {
        const { items, archives, minimumDays } = (
          await client.get<{ items: Setting[]; minimumDays: number; archives: { files: number; bodies: number } }>(
            '/api/audit/retention',
          )
        ).body
        out.table(
          [
            { title: 'of', of: (one: Setting) => one.organizationId ?? 'all others' },
            { title: 'keeps bodies', of: (one) => (one.keepDays === undefined ? 'for good' : `${one.keepDays} days`) },
            {
              title: 'archives after',
              of: (one) => (one.archiveDays === undefined ? '' : `${one.archiveDays} days`),
            },
          ],
          items,
        )
        if (out.json) return
        out.remark(`Every entry is kept for at least ${minimumDays} days; the operator may change that`)
        out.remark(`${archives.bodies} bodies lie in ${archives.files} archives`)
      }),
    )
  retention
    .command('set')
    .description('set it for an organization, or without one for all that have no setting of their own')
    .option('--organization <organization>', 'only what happened in this organization')
    .option('--keep-days <days>', 'bodies older than this are removed; the tree stays')
    .option('--archive-days <days>', 'bodies older than this go into compressed archives; not with --organization')
    .option('--for-good', 'keep everything: the setting goes')
    .action(
      action<{ organization?: string; keepDays?: string; archiveDays?: string; forGood?: true }>(
        async ({ client, out }, { organization, keepDays, archiveDays, forGood }) => {
          if ((forGood === true) === (keepDays !== undefined || archiveDays !== undefined))
            throw usage('Say --keep-days, --archive-days or both; or --for-good')
          const organizationId = organization && (await findOrganizationId(client, organization))
          const body = {
            ...(organizationId && { organizationId }),
            ...(keepDays !== undefined && { keepDays: readDays(keepDays, '--keep-days') }),
            ...(archiveDays !== undefined && { archiveDays: readDays(archiveDays, '--archive-days') }),
          }
          await client.send('PUT', '/api/audit/retention', { body })
          out.done(body, `Set for ${organization ?? 'all others'}; "gatehouse audit sweep" goes by it now`)
        },
      ),
    )
  retention
    .command('minimum <days>')
    .description('the operator: no organization keeps less than this; 0 for no minimum')
    .action(
      action(async ({ client, out }, _options, days) => {
        if (!/^\d{1,5}$/.test(days as string)) throw usage('The minimum is a whole number of days, 0 for none')
        await client.send('PUT', '/api/audit/retention/minimum', { body: { days: Number(days) } })
        out.done({ minimumDays: Number(days) }, `Every entry is kept for at least ${days} days`)
      }),
    )

  audit
    .command('sweep')
    .description('remove now what is past its retention and archive what is old enough; happens by itself every hour')
    .option('--yes', 'do it: nothing brings back what is removed')
    .action(
      action<{ yes?: true }>(async ({ client, out }, { yes }) => {
        if (yes !== true) throw usage('What is removed does not come back', 'Repeat with --yes')
        const { body } = await client.post<{
          removed: number
          held: number
          archived: number
          away: string[]
          running: boolean
        }>('/api/audit/sweeps')
        const away = body.away.length === 0 ? '' : `; away: ${body.away.join(', ')}`
        out.done(
          body,
          body.running
            ? 'Another node sweeps just now'
            : `${body.removed} removed, ${body.held} held, ${body.archived} archived${away}`,
        )
      }),
    )

  const hold = audit
    .command('hold')
    .description('legal holds: what must stay whatever its retention: list, place, release')
  hold
    .command('list')
    .description('all legal holds, released ones included')
    .action(
      action(async ({ client, out }) => {
        const { items } = (await client.get<{ items: Hold[] }>('/api/audit/holds')).body
        const day = (ms: number | undefined) => (ms === undefined ? '' : new Date(ms).toISOString().slice(0, 10))
        out.table(
          [
            { title: 'id', of: (one: Hold) => one.id },
            { title: 'organization', of: (one) => one.organizationId ?? 'any' },
            { title: 'subject', of: (one) => one.subject ?? 'any' },
            { title: 'from', of: (one) => day(one.fromMs) },
            { title: 'until', of: (one) => day(one.untilMs) },
            { title: 'ends', of: (one) => day(one.endsAtMs) },
            { title: 'in force', of: (one) => (one.inForce ? 'yes' : 'no') },
            { title: 'by', of: (one) => one.by },
            { title: 'reason', of: (one) => one.reason },
          ],
          items,
        )
      }),
    )
  hold
    .command('place')
    .description('keep entries of an organization, about somebody, of a time, or all of these together')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--organization <organization>', 'only what happened in it')
    .option('--subject <user-or-id>', 'only what they did or what was done to them')
    .option('--since <time>', 'only what happened from this moment')
    .option('--until <time>', 'only what happened before this moment')
    .option('--ends <time>', 'the hold ends by itself then')
    .action(
      action<{
        reason: string
        organization?: string
        subject?: string
        since?: string
        until?: string
        ends?: string
      }>(async ({ client, out }, { reason, organization, subject, since, until, ends }) => {
        const body = {
          reason,
          ...(organization && { organizationId: await findOrganizationId(client, organization) }),
          // Ids of whatever kind are taken as they are; a name is looked up as a user's.
          ...(subject && { subject: /^[a-z]+_/.test(subject) ? subject : await findUserId(client, subject) }),
          ...(since && { fromMs: readTime(since, '--since') }),
          ...(until && { untilMs: readTime(until, '--until') }),
          ...(ends && { endsAtMs: readTime(ends, '--ends') }),
        }
        const placed = (await client.post<Hold>('/api/audit/holds', body)).body
        out.done(placed, `${placed.id} holds`)
      }),
    )
  hold
    .command('release <hold-id>')
    .description('release a hold: what it kept goes by its retention again')
    .requiredOption('--reason <text>', 'why, for the record')
    .action(
      action<{ reason: string }>(async ({ client, out }, { reason }, id) => {
        await client.post(`/api/audit/holds/${encodeURIComponent(id as string)}/release`, { reason })
        out.done({ id, reason }, `${id} is released`)
      }),
    )
}

function readDays(text: string, option: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw usage(`${option} takes a whole number of days from 1`)
  return Number(text)
}

function readTime(text: string, option: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw usage(`${option} takes a time, as in 2026-11-24 or 2026-11-24T10:00:00Z`)
  return ms
}
