import type { Command } from 'commander'
import { moment } from '../../output/plain.ts'
import { action } from '../../session.ts'

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

/** `gatehouse policy changes`: what became of what was applied. */
export function addChanges(policy: Command): void {
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
}
