import type { Command } from 'commander'
import { moment } from '../../output/plain.ts'
import { action } from '../../session.ts'

interface SignSeen {
  readonly sign: string
  readonly count: number
  readonly principals: readonly {
    readonly type: string
    readonly id: string
    readonly atMs: number
    readonly network?: string
  }[]
}

/** `gatehouse compromise`: signs of the last hour that identities are being taken over in numbers. */
export function addCompromise(program: Command): void {
  program
    .command('compromise')
    .description('signs of the last hour that identities are taken over in numbers, and whom they are about')
    .action(
      action(async ({ client, out }) => {
        const { body } = await client.get<{ items: readonly SignSeen[] }>('/api/observability/compromise')
        out.table(
          [
            { title: 'sign', of: (row) => row.sign },
            { title: 'principal', of: (row) => `${row.type.toLowerCase()}:${row.id}` },
            { title: 'last', of: (row) => moment(row.atMs) },
            { title: 'from', of: (row) => row.network ?? '' },
          ],
          body.items.flatMap(({ sign, principals }) => principals.map((one) => ({ sign, ...one }))),
          'No sign within the last hour',
        )
        for (const { sign, count, principals } of body.items)
          if (count > principals.length)
            out.remark(`${sign}: ${count} principals, the newest ${principals.length} are shown`)
      }),
    )
}
