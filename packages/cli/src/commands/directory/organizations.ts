import type { Command } from 'commander'
import { findOrganizationId } from '../../client/find.ts'
import { action } from '../../session.ts'
import { addBranding } from './branding.ts'
import { collect } from './names.ts'
import { addTransitions } from './transitions.ts'

interface Organization {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly domains: readonly string[]
  readonly state: string
}

/** `gatehouse organization …`: the tenants of this deployment. */
export function addOrganizations(program: Command): void {
  const organization = program.command('organization').description('organizations: the tenants of this deployment')

  organization
    .command('list')
    .description('organizations by name')
    .action(
      action(async ({ client, out }) => {
        out.table(
          [
            { title: 'organization', of: (row) => row.name },
            { title: 'title', of: (row) => row.displayName },
            { title: 'state', of: (row) => row.state },
            { title: 'domains', of: (row) => row.domains.join(' ') },
            { title: 'id', of: (row) => row.id },
          ],
          await collect(client.list<Organization>('/api/organizations')),
        )
      }),
    )

  organization
    .command('create <name>')
    .description('create an organization')
    .option('--title <text>', 'how people call it')
    .option('--domain <domain...>', 'e-mail domains that sign in here')
    .action(
      action<{ title?: string; domain?: string[] }>(async ({ client, out }, options, name) => {
        const { body } = await client.post<Organization>('/api/organizations', {
          name,
          ...(options.title !== undefined && { displayName: options.title }),
          ...(options.domain !== undefined && { domains: options.domain }),
        })
        out.done(body, `The organization ${body.name} is there (${body.id})`)
      }),
    )

  addBranding(organization)
  addTransitions(organization, {
    path: '/api/organizations',
    find: (client, name) => findOrganizationId(client, name),
    verbs: [
      ['activate', 'let the people and programs of an organization in again', 'active'],
      ['suspend', 'end all access of the people and programs of an organization, for now', 'suspended'],
      ['delete', 'delete an organization that has nothing in it any more', 'deleted'],
    ],
  })
}
