import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { parseSeconds } from '../../client/parse.ts'
import { action } from '../../session.ts'
import { type Within, within } from './names.ts'

interface Issued {
  readonly clientId: string
  readonly secretId: string
  readonly secret: string
}

/** `app secret NAME` and `machine secret NAME`: a new client secret, shown once. */
export function addSecretCommand(
  parent: Command,
  path: string,
  find: (client: Client, text: string, organization?: string) => Promise<string>,
): void {
  parent
    .command('secret <name>')
    .description('issue a client secret and print it; former ones end at once or after --overlap')
    .option(...within)
    .option('--overlap <time>', 'how long the former secrets stay valid, as in 1h')
    .option('--valid <time>', 'how long the new one is valid, as in 90d')
    .action(
      action<Within & { overlap?: string; valid?: string }>(async ({ client, out }, options, name) => {
        const id = await find(client, name as string, options.organization)
        const { body } = await client.post<Issued>(`${path}/${id}/secrets`, {
          ...(options.overlap !== undefined && { overlapSeconds: parseSeconds(options.overlap) }),
          ...(options.valid !== undefined && { validSeconds: parseSeconds(options.valid) }),
        })
        out.fields(body, [
          ['client_id', body.clientId],
          ['client_secret', body.secret],
        ])
        out.remark('The secret is shown this once: only its hash is kept')
      }),
    )
}
