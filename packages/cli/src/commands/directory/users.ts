import type { Command } from 'commander'
import { findOrganizationId, findUserId, homeOrganization } from '../../client/find.ts'
import { parseAttributes } from '../../client/parse.ts'
import { moment } from '../../output/plain.ts'
import { action } from '../../session.ts'
import { collect, organizationNames, organizationQuery, type Within, within } from './names.ts'
import { addTransitions } from './transitions.ts'

interface User {
  readonly id: string
  readonly organizationId: string
  readonly username: string
  readonly email?: string
  readonly displayName?: string
  readonly attributes: Readonly<Record<string, string>>
  readonly state: string
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

interface Link {
  readonly url: string
  readonly expiresAtMs: number
}

/** `gatehouse user …`: people, from invitation to deletion. */
export function addUsers(program: Command): void {
  const user = program.command('user').description('people: list, invite, suspend, deactivate, delete')

  user
    .command('list')
    .description('people by organization and name')
    .option(...within)
    .option('--state <state>', 'only in this state: invited, active, suspended, deactivated or deleted')
    .option('--prefix <text>', 'only names that begin so')
    .action(
      action<Within & { state?: string; prefix?: string }>(async ({ client, out }, options) => {
        const { state, prefix } = options
        const query = { ...(await organizationQuery(client, options)), state, prefix }
        const found = await collect(client.list<User>('/api/users', query))
        const names = out.json ? new Map<string, string>() : await organizationNames(client)
        out.table(
          [
            { title: 'user', of: (row) => row.username },
            { title: 'organization', of: (row) => names.get(row.organizationId) ?? row.organizationId },
            { title: 'state', of: (row) => row.state },
            { title: 'name', of: (row) => row.displayName },
            { title: 'e-mail', of: (row) => row.email },
            { title: 'id', of: (row) => row.id },
          ],
          found,
          'No user fits',
        )
      }),
    )

  user
    .command('show <name>')
    .description('one person')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options, name) => {
        const id = await findUserId(client, name as string, options.organization)
        const { body } = await client.get<User>(`/api/users/${id}`)
        out.fields(body, [
          ['User', body.username],
          ['Name', body.displayName],
          ['E-mail', body.email],
          ['State', body.state],
          ...Object.entries(body.attributes).map(([key, value]) => [`  ${key}`, value] as const),
          ['Organization', body.organizationId],
          ['Id', body.id],
          ['Since', moment(body.createdAtMs)],
          ['Changed', moment(body.updatedAtMs)],
        ])
      }),
    )

  user
    .command('invite <username>')
    .description('invite somebody and print the one-time link by which they enrol')
    .option(...within)
    .option('--email <address>', 'their e-mail address')
    .option('--name <name>', 'how people call them')
    .option('--attribute <name=value...>', 'facts for policies, which see them as tags')
    .option('--no-link', 'make no link yet')
    .action(
      action<Within & { email?: string; name?: string; attribute?: string[]; link: boolean }>(
        async ({ client, out }, options, username) => {
          const { body } = await client.post<User>('/api/users', {
            organizationId: await findOrganizationId(client, options.organization ?? homeOrganization),
            username,
            ...(options.email !== undefined && { email: options.email }),
            ...(options.name !== undefined && { displayName: options.name }),
            ...(options.attribute !== undefined && { attributes: parseAttributes(options.attribute) }),
          })
          const made = options.link ? await client.post<Link>(`/api/users/${body.id}/invitation-link`) : undefined
          out.done(
            { ...body, ...(made && { link: made.body }) },
            made === undefined
              ? `${body.username} is invited (${body.id})`
              : `${body.username} is invited. Hand them this link, by a way that only they read:\n\n  ${made.body.url}\n\nIt works once, until ${moment(made.body.expiresAtMs)}.`,
          )
        },
      ),
    )

  user
    .command('link <name>')
    .description('make a new one-time link for somebody invited; a former one is void')
    .option(...within)
    .option('--mail', 'send it to their own e-mail address; it is not shown here')
    .action(
      action<Within & { mail?: boolean }>(async ({ client, out }, options, name) => {
        const id = await findUserId(client, name as string, options.organization)
        if (options.mail === true) {
          const { body } = await client.post<{ to: string; expiresAtMs: number }>(`/api/users/${id}/invitation-mail`)
          return out.done(body, `It is on its way to ${body.to}`)
        }
        const { body } = await client.post<Link>(`/api/users/${id}/invitation-link`)
        out.answer(body, () => body.url)
        out.remark(`It works once, until ${moment(body.expiresAtMs)}`)
      }),
    )

  addTransitions(user, {
    path: '/api/users',
    find: findUserId,
    verbs: [
      ['activate', 'let somebody sign in', 'active'],
      ['suspend', 'stop somebody for now; sessions and tokens end at once', 'suspended'],
      ['deactivate', 'somebody has left; sessions and tokens end at once', 'deactivated'],
      ['delete', 'erase the personal data of somebody; a tombstone stays', 'deleted'],
    ],
  })
}
