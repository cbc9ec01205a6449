import type { Command } from 'commander'
import { usage } from '../../failure.ts'
import { action } from '../../session.ts'

/** `gatehouse audit erase`. */
export function addErase(audit: Command): void {
  audit
    .command('erase <user-id>')
    .description('erase for good what the log says of a deleted user; the tree stays and verifies')
    .option('--yes', 'do it: nothing brings it back')
    .action(
      action<{ yes?: true }>(async ({ client, out }, { yes }, userId) => {
        if (yes !== true) throw usage('Erasing cannot be undone', `Repeat with --yes to erase ${userId}`)
        const { body } = await client.post<{ entries: number }>('/api/audit/erasures', { userId })
        out.done({ userId, ...body }, `${body.entries} entries erased; the log verifies as before`)
      }),
    )
}
