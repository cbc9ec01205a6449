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

interface ProviderState {
  readonly name: string
  readonly organization: string
  readonly issuer: string
  readonly state: string
  readonly fetchedAtMs?: number
  readonly usableUntilMs?: number
  readonly failure?: string
  readonly succeeded: number
  readonly failed: Readonly<Record<string, number>>
  readonly lastSuccessAtMs?: number
  readonly lastFailure?: string
  readonly latencyP95Ms?: number
}

/** `gatehouse federation`: the health of outside issuers that machines trust, and of identity providers. */
export function addFederation(program: Command): void {
  program
    .command('federation')
    .description(
      'outside issuers that machines trust and identity providers of people: their keys, and how they fare, as this node sees it',
    )
    .action(
      action(async ({ client, out }) => {
        const { body } = await client.get<{ items: Issuer[]; providers: ProviderState[] }>('/api/federation')
        const rows = [
          ...body.items.map((it) => ({
            ...it,
            kind: 'workloads',
            who: `${it.machineCount} machines`,
            keys: it.keysFrom === 'trust' ? 'in the trust' : moment(it.fetchedAtMs),
            trouble: it.failure ?? it.lastRefusal ?? '',
          })),
          ...body.providers.map((it) => ({
            ...it,
            kind: 'people',
            who: `${it.organization}/${it.name}`,
            keys: moment(it.fetchedAtMs),
            admitted: it.succeeded,
            refused: Object.values(it.failed).reduce((sum, count) => sum + count, 0),
            trouble: it.failure ?? it.lastFailure ?? '',
          })),
        ]
        out.table(
          [
            { title: 'issuer', of: (row) => row.issuer },
            { title: 'of', of: (row) => row.who },
            { title: 'state', of: (row) => row.state },
            { title: 'keys fetched', of: (row) => row.keys },
            { title: 'usable until', of: (row) => moment(row.usableUntilMs) },
            { title: 'let in', of: (row) => String(row.admitted) },
            { title: 'refused', of: (row) => String(row.refused) },
            { title: 'p95', of: (row) => ('latencyP95Ms' in row ? `${row.latencyP95Ms} ms` : '') },
            { title: 'last trouble', of: (row) => row.trouble },
          ],
          rows,
          'No machine trusts an outside issuer, and there is no identity provider',
        )
      }),
    )
}
