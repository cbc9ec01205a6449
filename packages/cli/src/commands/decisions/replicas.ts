import type { Command } from 'commander'
import { findApplicationId } from '../../client/find.ts'
import { moment } from '../../output/plain.ts'
import { action } from '../../session.ts'
import { collect } from '../directory/names.ts'

/** A replica that an application holds, as `GET /api/replicas` shows it. */
interface Replica {
  readonly applicationId: string
  readonly name: string
  readonly connected: boolean
  readonly node?: string
  readonly lastSeenAtMs: number
  readonly stalenessMs?: number
  readonly journal: { readonly sequence: number; readonly next: number; readonly watermarkMs: number }
}

const seconds = (ms: number | undefined) => (ms === undefined ? 'unknown' : `${(ms / 1_000).toFixed(1)} s`)

/** `gatehouse replicas`: who decides by itself, how old what it decides from is, and how far its record has come. */
export function addReplicas(program: Command): void {
  program
    .command('replicas')
    .description(
      'show replicas that applications decide from: connected or not, how old, and how far their record has come',
    )
    .option('--app <application>', 'only those of this application')
    .action(
      action<{ app?: string }>(async ({ client, out }, options) => {
        const applicationId = options.app === undefined ? undefined : await findApplicationId(client, options.app)
        const found = await collect(client.list<Replica>('/api/replicas', { applicationId }))
        out.table(
          [
            { title: 'replica', of: (row) => row.name },
            { title: 'application', of: (row) => row.applicationId },
            { title: 'connected', of: (row) => (row.connected ? 'yes' : 'no') },
            { title: 'old', of: (row) => seconds(row.stalenessMs), align: 'right' },
            { title: 'last seen', of: (row) => moment(row.lastSeenAtMs) },
            { title: 'batch', of: (row) => row.journal.sequence, align: 'right' },
            { title: 'decisions', of: (row) => row.journal.next - 1, align: 'right' },
            {
              title: 'all in until',
              of: (row) => (row.journal.watermarkMs > 0 ? moment(row.journal.watermarkMs) : ''),
            },
          ],
          found,
          'No replica is known',
        )
      }),
    )
}
