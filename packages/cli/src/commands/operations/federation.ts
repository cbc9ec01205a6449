import type { Command } from 'commander'
import { moment } from '../../output/plain.ts'
import { action } from '../../session.ts'

interface Issuer {
  readonly issuer: string
  readonly state: string
  readonly keysFrom: string
  readonly machineCount: number
  readonly fetchedAtMs?: number
  readonly usableUntilMs?: number
  readonly failure?: string
  readonly admitted: number
  readonly refused: number
  readonly lastRefusal?: string
}

/** `gatehouse federation`: the health of outside issuers that machines trust. */
export function addFederation(program: Command): void {
  program
    .command('federation')
    .description('outside issuers that machines trust: their keys, and how their assertions fare, as this node sees it')
    .action(
      action(async ({ client, out }) => {
        const { body } = await client.get<{ items: Issuer[] }>('/api/federation')
        out.table(
          [
            { title: 'issuer', of: (row) => row.issuer },
            { title: 'state', of: (row) => row.state },
            { title: 'machines', of: (row) => String(row.machineCount) },
            {
              title: 'keys fetched',
              of: (row) => (row.keysFrom === 'trust' ? 'in the trust' : moment(row.fetchedAtMs)),
            },
            { title: 'usable until', of: (row) => moment(row.usableUntilMs) },
            { title: 'let in', of: (row) => String(row.admitted) },
            { title: 'refused', of: (row) => String(row.refused) },
            { title: 'last trouble', of: (row) => row.failure ?? row.lastRefusal ?? '' },
          ],
          body.items,
          'No machine trusts an outside issuer',
        )
      }),
    )
}
