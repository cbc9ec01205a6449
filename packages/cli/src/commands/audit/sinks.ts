import type { Command } from 'commander'
import { usage } from '../../failure.ts'
import { action } from '../../session.ts'

interface Sink {
  readonly name: string
  readonly kind: string
  readonly position: number
  readonly lagEvents: number
  readonly failures: number
  readonly failure?: string
  readonly deadLetters: readonly { readonly position: number; readonly reason: string }[]
}

/** `gatehouse audit sinks` and `gatehouse audit replay`. */
export function addSinks(audit: Command): void {
  audit
    .command('sinks')
    .description('where the log is sent: how far each sink is, why it fails, what it refused')
    .action(
      action(async ({ client, out }) => {
        const { items } = (await client.get<{ items: Sink[] }>('/api/audit/sinks')).body
        out.table(
          [
            { title: 'sink', of: (sink: Sink) => sink.name },
            { title: 'kind', of: (sink) => sink.kind },
            { title: 'has', of: (sink) => sink.position, align: 'right' },
            { title: 'behind', of: (sink) => sink.lagEvents, align: 'right' },
            { title: 'put aside', of: (sink) => sink.deadLetters.map(({ position }) => position).join(' ') },
            { title: 'state', of: (sink) => sink.failure ?? 'well' },
          ],
          items,
        )
      }),
    )

  audit
    .command('replay <sink>')
    .description('send a sink everything after a position once more')
    .requiredOption('--after <position>', 'the last position that it has for certain; 0 for everything')
    .action(
      action<{ after: string }>(async ({ client, out }, { after }, name) => {
        if (!/^(0|[1-9]\d{0,15})$/.test(after)) throw usage('--after takes a position: a whole number from 0')
        await client.post(`/api/audit/sinks/${encodeURIComponent(name as string)}/replay`, { after: Number(after) })
        out.done({ sink: name, after: Number(after) }, `${name} is sent everything after ${after} again`)
      }),
    )
}
