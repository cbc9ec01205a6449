import type { Command } from 'commander'
import { findApplicationId } from '../../client/find.ts'
import { usage } from '../../failure.ts'
import { action } from '../../session.ts'
import { type Decision, renderDecision } from './decision.ts'

interface ListOptions {
  readonly request?: string
  readonly app?: string
  readonly limit: string
}

/** `gatehouse decisions`: what was decided, from the journal. */
export function addDecisions(program: Command): void {
  program
    .command('decisions')
    .description('show what was decided and which policies decided')
    .option('--request <id>', 'only decisions of this request id')
    .option('--app <application>', 'only decisions of this application')
    .option('--limit <number>', 'how many, the newest', '30')
    .action(
      action<ListOptions>(async ({ client, out }, options) => {
        const limit = Number(options.limit)
        if (!Number.isInteger(limit) || limit < 1) throw usage('--limit takes a number from 1')
        const applicationId = options.app === undefined ? undefined : await findApplicationId(client, options.app)
        const query = { requestId: options.request, applicationId }
        const found: Decision[] = []
        for await (const decision of client.list<Decision>('/api/decisions', query, limit)) found.push(decision)
        found.sort((left, right) => left.atMs - right.atMs)
        if (found.length === 0) out.remark('No decision fits')
        out.answer(found, () => found.map(renderDecision).join('\n'))
      }),
    )
}
