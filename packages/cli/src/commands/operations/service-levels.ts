import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { styleText } from 'node:util'
import type { Command } from 'commander'
import { parseMoment } from '../../client/parse.ts'
import { Failure } from '../../failure.ts'
import { moment } from '../../output/plain.ts'
import { action } from '../../session.ts'

interface Objective {
  readonly name: string
  readonly target: number
  readonly state: string
  readonly good?: number
  readonly budgetLeft: number
  readonly total: number
  readonly runbook: string
}

interface Alert {
  readonly id: string
  readonly severity: string
  readonly objective: string
  readonly state: string
  readonly says: string
  readonly startedAtMs: number
  readonly acknowledgedBy?: string
}

const colours = { page: 'red', ticket: 'yellow', ok: 'green', unknown: 'dim' } as const
const percent = (share: number | undefined) => (share === undefined ? '-' : `${(share * 100).toFixed(2)} %`)

/** `gatehouse slo`, `alert …` and `observability export`. */
export function addServiceLevels(program: Command): void {
  program
    .command('slo')
    .description('service level objectives: how each stands, and what is left of its error budget')
    .action(
      action(async ({ client, out }) => {
        const { body } = await client.get<{ items: Objective[] }>('/api/observability/objectives')
        out.table(
          [
            { title: 'objective', of: (row) => row.name },
            {
              title: 'state',
              of: (row) => styleText(colours[row.state as keyof typeof colours] ?? 'dim', row.state),
            },
            { title: 'target', of: (row) => percent(row.target) },
            { title: '30 days', of: (row) => percent(row.good) },
            { title: 'budget left', of: (row) => percent(row.budgetLeft) },
            { title: 'events', of: (row) => String(Math.round(row.total)) },
            { title: 'runbook', of: (row) => row.runbook },
          ],
          body.items,
        )
      }),
    )

  const alert = program.command('alert').description('alerts: list, acknowledge, silence, unsilence')
  alert
    .command('list')
    .description('alerts, the newest first')
    .option('--open', 'only those that are open')
    .action(
      action<{ open?: boolean }>(async ({ client, out }, options) => {
        const found: Alert[] = []
        const query = options.open ? { state: 'open' } : {}
        for await (const one of client.list<Alert>('/api/observability/alerts', query)) found.push(one)
        out.table(
          [
            { title: 'id', of: (row) => row.id },
            { title: 'severity', of: (row) => row.severity },
            { title: 'state', of: (row) => row.state },
            { title: 'since', of: (row) => moment(row.startedAtMs) },
            { title: 'by', of: (row) => row.acknowledgedBy ?? '' },
            { title: 'what', of: (row) => row.says },
          ],
          found,
          'Nothing burns',
        )
      }),
    )
  alert
    .command('acknowledge <alert>')
    .description('look after an alert: it does not escalate any more')
    .action(
      action(async ({ client, out }, _options, id) => {
        const { body } = await client.post<Alert>(
          `/api/observability/alerts/${encodeURIComponent(id as string)}/acknowledge`,
          {},
        )
        out.done(body, `${body.acknowledgedBy} looks after ${body.objective}`)
      }),
    )
  alert
    .command('silence')
    .description('keep alerts of an objective or a component from being delivered for a time; they stay on record')
    .option('--objective <name>', 'the objective')
    .option('--component <name>', 'the component: sign-in, tokens, decisions, policies, audit, platform, directory')
    .requiredOption('--for <time>', 'how long: 30m, 8h, or until a date')
    .requiredOption('--why <text>', 'the reason, for the record')
    .action(
      action<{ objective?: string; component?: string; for: string; why: string }>(async ({ client, out }, options) => {
        const { objective, component, why } = options
        const body = { objective, component, why, untilMs: parseMoment(options.for, Date.now()) }
        const { body: made } = await client.post<{ id: string; untilMs: number }>('/api/observability/silences', body)
        out.done(made, `Silent until ${moment(made.untilMs)}; gatehouse alert unsilence ${made.id} ends it`)
      }),
    )
  alert
    .command('unsilence <silence>')
    .description('end a silence now')
    .action(
      action(async ({ client, out }, _options, id) => {
        await client.send('DELETE', `/api/observability/silences/${encodeURIComponent(id as string)}`)
        out.done({ id }, 'The silence is over')
      }),
    )

  program
    .command('observability')
    .description('what other software needs to watch Gatehouse')
    .command('export <directory>')
    .description('write Prometheus rules, Alertmanager routes and Grafana dashboards made from the objectives')
    .option('--docs <address>', 'where runbooks are read; links of alerts and panels begin with it')
    .action(
      action<{ docs?: string }>(async ({ client, out }, { docs }, directory) => {
        const query = docs === undefined ? {} : { docs }
        const { body } = await client.get<{ files: Record<string, string> }>('/api/observability/export', { query })
        const names = Object.keys(body.files).sort()
        for (const name of names) {
          if (name.startsWith('/') || normalize(name).startsWith('..')) throw new Failure(`${name} leads outside`)
          const path = join(directory as string, name)
          mkdirSync(dirname(path), { recursive: true })
          writeFileSync(path, body.files[name] as string)
        }
        out.done({ directory, files: names }, `${names.length} files are in ${directory}`)
      }),
    )
}
