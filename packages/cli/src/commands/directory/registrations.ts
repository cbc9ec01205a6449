import type { Command } from 'commander'
import { findOrganizationId, homeOrganization } from '../../client/find.ts'
import { action } from '../../session.ts'
import { collect } from './names.ts'

interface Registration {
  readonly id: string
  readonly username: string
  readonly name: string
  readonly email: string
  readonly askedAtMs: number
}

/** `gatehouse registration …`: accounts that people asked for by themselves. */
export function addRegistrations(program: Command): void {
  const registration = program
    .command('registration')
    .description('accounts that people asked for by themselves, and what becomes of them')
  const of = (command: Command) => command.option('--organization <organization>', 'where they asked', homeOrganization)

  of(registration.command('list').description('those that nobody has decided about, oldest first')).action(
    action<{ organization: string }>(async ({ client, out }, { organization }) => {
      const id = await findOrganizationId(client, organization)
      out.table(
        [
          { title: 'user name', of: (row: Registration) => row.username },
          { title: 'name', of: (row) => row.name },
          { title: 'e-mail', of: (row) => row.email },
          { title: 'asked', of: (row) => new Date(row.askedAtMs).toISOString() },
          { title: 'id', of: (row) => row.id },
        ],
        await collect(client.list<Registration>(`/api/organizations/${id}/registrations`)),
      )
    }),
  )
  for (const [verb, says, done] of [
    ['approve', 'make the user, and send them a link to enrol by', 'A letter with a link to enrol by is on its way'],
    ['refuse', 'delete what was asked for, and tell the address', 'It is deleted, and the address is told'],
  ] as const)
    of(registration.command(`${verb} <id>`).description(says)).action(
      action<{ organization: string }>(async ({ client, out }, { organization }, id) => {
        const home = await findOrganizationId(client, organization)
        const { body } = await client.post(`/api/organizations/${home}/registrations/${id}/${verb}`)
        out.done(body ?? { id }, done)
      }),
    )
}
