import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { findGroupId, findOrganizationId, findPrincipal, homeOrganization } from '../../client/find.ts'
import { action } from '../../session.ts'
import { collect, organizationNames, organizationQuery, type Within, within } from './names.ts'

interface Group {
  readonly id: string
  readonly organizationId: string
  readonly name: string
  readonly displayName: string
}

interface Member {
  readonly type: string
  readonly id: string
  readonly name: string
}

/** `gatehouse group …`: groups and who is in them. */
export function addGroups(program: Command): void {
  const group = program.command('group').description('groups and who is in them')

  group
    .command('list')
    .description('groups by organization and name')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options) => {
        const found = await collect(client.list<Group>('/api/groups', await organizationQuery(client, options)))
        const names = out.json ? new Map<string, string>() : await organizationNames(client)
        out.table(
          [
            { title: 'group', of: (row) => row.name },
            { title: 'organization', of: (row) => names.get(row.organizationId) ?? row.organizationId },
            { title: 'name', of: (row) => row.displayName },
            { title: 'id', of: (row) => row.id },
          ],
          found,
          'No group fits',
        )
      }),
    )

  group
    .command('show <name>')
    .description('direct members of a group')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options, name) => {
        const id = await findGroupId(client, name as string, options.organization)
        const members = await collect(client.list<Member>(`/api/groups/${id}/members`))
        out.table(
          [
            { title: 'member', of: (row) => row.name },
            { title: 'type', of: (row) => row.type },
            { title: 'id', of: (row) => row.id },
          ],
          members,
          'Nobody is in it',
        )
      }),
    )

  group
    .command('create <name>')
    .description('create a group')
    .option(...within)
    .option('--title <text>', 'how people call it')
    .action(
      action<Within & { title?: string }>(async ({ client, out }, options, name) => {
        const { body } = await client.post<Group>('/api/groups', {
          organizationId: await findOrganizationId(client, options.organization ?? homeOrganization),
          name,
          ...(options.title !== undefined && { displayName: options.title }),
        })
        out.done(body, `The group ${body.name} is there (${body.id})`)
      }),
    )

  for (const [verb, key, description] of [
    ['add', 'add', 'put members into a group: user:alice, group:staff, machine:archiver'],
    ['remove', 'remove', 'take members out of a group'],
  ] as const) {
    group
      .command(`${verb} <name> <members...>`)
      .description(description)
      .option(...within)
      .action(
        action<Within>(async ({ client, out }, options, name, ...members) => {
          const id = await findGroupId(client, name as string, options.organization)
          const ids = await membersOf(client, members, options.organization)
          const { body } = await client.post(`/api/groups/${id}/members`, { [key]: ids })
          out.done(body, `${members.join(', ')} ${verb === 'add' ? 'is in' : 'is no longer in'} ${name}`)
        }),
      )
  }

  group
    .command('delete <name>')
    .description('delete a group; its members lose what they held through it')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options, name) => {
        const id = await findGroupId(client, name as string, options.organization)
        await client.request('DELETE', `/api/groups/${id}`)
        out.done({ id, deleted: true }, `${name} is deleted`)
      }),
    )
}

async function membersOf(client: Client, members: readonly string[], organization?: string): Promise<string[]> {
  const ids: string[] = []
  for (const member of members) {
    const isPlainId = /^(user|group|machine)_/.test(member)
    ids.push(isPlainId ? member : (await findPrincipal(client, member, organization)).id)
  }
  return ids
}
