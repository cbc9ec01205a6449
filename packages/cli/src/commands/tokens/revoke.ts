import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { findApplicationId, findMachineId, findOrganizationId, findUserId } from '../../client/find.ts'
import { action } from '../../session.ts'
import { type Within, within } from '../directory/names.ts'

type Find = (client: Client, text: string, organization?: string) => Promise<string>

const asItIs: Find = async (_client, text) => text
/** Not in a command's arguments, where other users of the machine can see it. */
const fromInput: Find = async (_client, text) => (text === '-' ? readFileSync(0, 'utf8').trim() : text)

const ways: readonly [kind: string, argument: string, says: string, find: Find][] = [
  ['token', '<token>', 'an access token, a refresh token with its sign-in, or an API key; - reads it', fromInput],
  ['session', '<id>', 'a sign-in session, and the tokens that came from it', asItIs],
  ['grant', '<id>', 'everything of one sign-in to an application: `gid` in its tokens, grantId in its events', asItIs],
  ['application', '<name>', 'all tokens that were issued to an application', findApplicationId],
  ['machine', '<name>', 'all tokens of a machine', findMachineId],
  ['user', '<name>', 'all tokens that speak for a person, at every application', findUserId],
  ['organization', '<name>', 'all tokens of everybody and everything in an organization', findOrganizationId],
]

/** `gatehouse revoke …`: ends tokens and what renews them, on every node and in every service that follows. */
export function addRevoke(program: Command): void {
  const revoke = program
    .command('revoke')
    .description('end tokens and what renews them; to keep somebody out, suspend or contain them')
  for (const [kind, argument, says, find] of ways)
    revoke
      .command(`${kind} ${argument}`)
      .description(says)
      .requiredOption('--reason <text>', 'why, for the record')
      .option(...within)
      .action(
        action<Within & { reason: string }>(async ({ client, out }, { reason, organization }, text) => {
          const id = await find(client, text as string, organization)
          const { body } = await client.post<{ ended: number }>('/api/revocations', { kind, id, reason })
          out.done(body, `Revoked; ${body.ended} that could have been used again are ended`)
        }),
      )
}
