import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { findApplicationId, findOrganizationId, findPrincipal } from '../../client/find.ts'
import { parseSeconds } from '../../client/parse.ts'
import { usage } from '../../failure.ts'
import { moment } from '../../output/plain.ts'
import { action } from '../../session.ts'
import { collect, type Within, within } from '../directory/names.ts'

interface ApiKey {
  readonly id: string
  readonly owner: string
  readonly name: string
  readonly applications: readonly string[]
  readonly scopes: readonly string[]
  readonly state: string
  readonly expiresAtMs: number
  readonly usedAtMs?: number
}

interface CreateOptions extends Within {
  readonly owner?: string
  readonly app?: string[]
  readonly gatehouse?: boolean
  readonly scope?: string[]
  readonly valid?: string
}

/** `gatehouse api-key …`: expiring, limited keys of people and machines, for what speaks no OAuth. */
export function addApiKeys(program: Command): void {
  const key = program
    .command('api-key')
    .description('API keys: expiring, for named applications and actions, each with an owner')

  key
    .command('create <name>')
    .description('make an API key and print it, this once')
    .option('--owner <owner>', 'whom it speaks for, as in machine:deploy (default: you)')
    .option('--app <application...>', 'applications where it counts')
    .option('--gatehouse', "for Gatehouse's own API instead of an application")
    .option('--scope <action...>', "the only actions it is for; with --gatehouse at least one, or 'gatehouse' for all")
    .option('--valid <time>', 'how long it is valid, as in 30d (default: 90d, or less where the organization says so)')
    .option(...within)
    .action(
      action<CreateOptions>(async ({ client, out }, options, name) => {
        const { owner, app = [], gatehouse, scope, valid, organization } = options
        if (gatehouse === true ? app.length > 0 : app.length === 0)
          throw usage('A key counts at applications or at Gatehouse itself', 'Give --app, or --gatehouse')
        const applications = gatehouse === true ? ['gatehouse'] : []
        for (const one of app) applications.push(await findApplicationId(client, one, organization))
        const { body } = await client.post<{ key: ApiKey; secret: string }>('/api/api-keys', {
          name,
          applications,
          ...(owner !== undefined && { owner: await findOwner(client, owner, organization) }),
          ...(scope !== undefined && { scopes: scope }),
          ...(valid !== undefined && { validSeconds: parseSeconds(valid) }),
        })
        out.fields(body, [
          ['id', body.key.id],
          ['key', body.secret],
          ['until', moment(body.key.expiresAtMs)],
        ])
        out.remark('The key is shown this once: only its hash is kept')
      }),
    )

  key
    .command('list')
    .description('API keys of an owner, or of all that you may see: what they are for, never what they are')
    .option('--owner <owner>', 'only of this owner, as in machine:deploy or user:alice')
    .option('--live', 'only those in force')
    .option(...within)
    .action(
      action<Within & { owner?: string; live?: boolean }>(async ({ client, out }, options) => {
        const { owner, live, organization } = options
        const query =
          owner !== undefined
            ? { owner: await findOwner(client, owner, organization) }
            : organization !== undefined && { organizationId: await findOrganizationId(client, organization) }
        const found = await collect(client.list<ApiKey>('/api/api-keys', { ...query, ...(live && { live: 'true' }) }))
        out.table(
          [
            { title: 'name', of: (row) => row.name },
            { title: 'owner', of: (row) => row.owner },
            { title: 'state', of: (row) => row.state },
            { title: 'at', of: (row) => row.applications.join(' ') },
            { title: 'for', of: (row) => row.scopes.join(' ') || 'all its owner may' },
            { title: 'until', of: (row) => moment(row.expiresAtMs) },
            { title: 'last used', of: (row) => moment(row.usedAtMs) || 'never' },
            { title: 'id', of: (row) => row.id },
          ],
          found,
          'No API key fits',
        )
      }),
    )

  key
    .command('revoke <id>')
    .description('end an API key at once and for good')
    .action(
      action(async ({ client, out }, _options, id) => {
        await client.request('DELETE', `/api/api-keys/${id as string}`)
        out.done({ id }, `The API key ${id} is ended`)
      }),
    )
}

async function findOwner(client: Client, text: string, organization?: string): Promise<string> {
  if (/^(user|machine)_[0-9a-z]{26}$/.test(text)) return text
  return (await findPrincipal(client, text, organization)).id
}
