import type { Command } from 'commander'
import { bundleEndings, readTextFiles } from '../../client/bundle-files.ts'
import { findApplicationId } from '../../client/find.ts'
import { exits, Failure } from '../../failure.ts'
import { placedIn } from '../../output/placed.ts'
import { moment } from '../../output/plain.ts'
import { action } from '../../session.ts'
import { type CheckReport, renderCheck } from './check.ts'

interface AppOption {
  readonly app: string
}

interface Activation {
  readonly number: number
  readonly hash: string
  readonly kind: string
  readonly comment?: string
  readonly by: { readonly name: string }
  readonly activatedAtMs: number
}

interface Changes {
  readonly total: number
  readonly bad: number
  readonly allowed: number
  readonly spent: boolean
  readonly items: readonly {
    readonly owner: string
    readonly number: number
    readonly atMs: number
    readonly by: string
    readonly comment?: string
    readonly outcome: string
  }[]
}

const pathOf = (id: string) => `/api/applications/${id}/policies`

/** `gatehouse policy …`: the policy bundle of an application. */
export function addPolicies(program: Command): void {
  const policy = program.command('policy').description("an application's policy bundle: check, push, roll back")
  const app = ['--app <application>', 'the application: its name, organization/name or id'] as const

  policy
    .command('validate <directory>')
    .description('check a bundle against its schema and run its tests; changes nothing')
    .requiredOption(...app)
    .action(
      action<AppOption>(async ({ client, out }, options, directory) => {
        const files = readTextFiles(directory as string, bundleEndings)
        const id = await findApplicationId(client, options.app)
        const { body } = await client.post<CheckReport & { valid: boolean; hash?: string }>(`${pathOf(id)}/validate`, {
          files,
        })
        out.answer(body, () => renderCheck(body))
        if (!body.valid)
          throw new Failure('The bundle would be refused', { next: 'Mend what is listed, then check again' })
        out.remark(`The bundle is valid: ${body.hash?.slice(0, 12)}`)
      }),
    )

  policy
    .command('push <directory>')
    .description('check a bundle and put it in force; one that fails changes nothing')
    .requiredOption(...app)
    .option('--comment <text>', 'why, for the record')
    .action(
      action<AppOption & { comment?: string }>(async ({ client, out }, options, directory) => {
        const files = readTextFiles(directory as string, bundleEndings)
        const id = await findApplicationId(client, options.app)
        const started = performance.now()
        const body = { files, ...(options.comment !== undefined && { comment: options.comment }) }
        const pushing = client.request<Activation & CheckReport>('PUT', pathOf(id), { body })
        const reply = await placedIn(directory as string, pushing)
        const { number, hash } = reply.body
        const ms = Math.round(performance.now() - started)
        out.answer(reply.body, () => renderCheck(reply.body))
        out.remark(`In force as number ${number} (${hash.slice(0, 12)}) after ${ms} ms`)
      }),
    )

  policy
    .command('history')
    .description('which bundles were in force, the newest first')
    .requiredOption(...app)
    .action(
      action<AppOption>(async ({ client, out }, options) => {
        const id = await findApplicationId(client, options.app)
        const found: Activation[] = []
        for await (const one of client.list<Activation>(`${pathOf(id)}/history`)) found.push(one)
        out.table(
          [
            { title: 'number', of: (row) => row.number, align: 'right' },
            { title: 'hash', of: (row) => row.hash.slice(0, 12) },
            { title: 'since', of: (row) => moment(row.activatedAtMs) },
            { title: 'how', of: (row) => row.kind },
            { title: 'by', of: (row) => row.by.name },
            { title: 'comment', of: (row) => row.comment },
          ],
          found,
          'No bundle was ever in force',
        )
      }),
    )

  policy
    .command('changes')
    .description('what became of each bundle applied within 30 days, anywhere, and what is left of the error budget')
    .action(
      action(async ({ client, out }) => {
        const { body } = await client.get<Changes>('/api/observability/policy-changes')
        out.table(
          [
            { title: 'when', of: (row) => moment(row.atMs) },
            { title: 'application', of: (row) => row.owner },
            { title: 'number', of: (row) => row.number, align: 'right' },
            { title: 'outcome', of: (row) => row.outcome },
            { title: 'by', of: (row) => row.by },
            { title: 'comment', of: (row) => row.comment ?? '' },
          ],
          body.items,
          'No bundle was applied within 30 days',
        )
        const budget = `${body.bad} of ${body.total} went wrong, ${Math.floor(body.allowed)} may`
        out.remark(body.spent ? `${budget}: the error budget is spent` : budget)
      }),
    )

  policy
    .command('rollback')
    .description('put the former bundle in force again, or any earlier one')
    .requiredOption(...app)
    .option('--to <hash>', 'which one; the beginning of its hash is enough')
    .option('--comment <text>', 'why, for the record')
    .action(
      action<AppOption & { to?: string; comment?: string }>(async ({ client, out }, options) => {
        const id = await findApplicationId(client, options.app)
        const history = client.list<Activation>(`${pathOf(id)}/history`)
        const hash = options.to === undefined ? undefined : await completeHash(history, options.to)
        const { body } = await client.post<Activation>(`${pathOf(id)}/rollback`, {
          ...(hash !== undefined && { hash }),
          ...(options.comment !== undefined && { comment: options.comment }),
        })
        out.done(body, `In force again as number ${body.number}: ${body.hash.slice(0, 12)}`)
      }),
    )
}

async function completeHash(history: AsyncIterable<Activation>, start: string): Promise<string> {
  if (/^[0-9a-f]{64}$/.test(start)) return start
  const found = new Set<string>()
  for await (const { hash } of history) if (hash.startsWith(start)) found.add(hash)
  const [hash] = found
  if (hash === undefined)
    throw new Failure(`No bundle that was in force begins with ${start}`, {
      exit: exits.notFound,
      next: 'gatehouse policy history shows them',
    })
  if (found.size > 1)
    throw new Failure(`${found.size} bundles begin with ${start}: give more of the hash`, { exit: exits.usage })
  return hash
}
