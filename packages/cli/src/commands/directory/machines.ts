import type { Command } from 'commander'
import { findMachineId, findOrganizationId, findUserId, homeOrganization } from '../../client/find.ts'
import { action } from '../../session.ts'
import { addMachineKeys } from './machine-keys.ts'
import { addMachineTrusts } from './machine-trusts.ts'
import { collect, organizationNames, organizationQuery, type Within, within } from './names.ts'
import { addSecretCommand } from './secrets.ts'
import { addTransitions } from './transitions.ts'

interface Machine {
  readonly id: string
  readonly organizationId: string
  readonly name: string
  readonly owner: string
  readonly authMethod: string
  readonly state: string
  readonly scopes: readonly string[]
}

/** `gatehouse machine …`: programs that act for themselves, each with an owner. */
export function addMachines(program: Command): void {
  const machine = program.command('machine').description('service accounts, each with an owner')

  machine
    .command('list')
    .description('machines by organization and name')
    .option(...within)
    .option('--state <state>', 'only in this state: active, suspended, deactivated or deleted')
    .option('--orphaned', 'only those whose owner has left')
    .action(
      action<Within & { state?: string; orphaned?: boolean }>(async ({ client, out }, options) => {
        const query = {
          ...(await organizationQuery(client, options)),
          state: options.state,
          ...(options.orphaned && { orphaned: true }),
        }
        const found = await collect(client.list<Machine>('/api/machines', query))
        const names = out.json ? new Map<string, string>() : await organizationNames(client)
        out.table(
          [
            { title: 'machine', of: (row) => row.name },
            { title: 'organization', of: (row) => names.get(row.organizationId) ?? row.organizationId },
            { title: 'state', of: (row) => row.state },
            { title: 'by', of: (row) => row.authMethod },
            { title: 'owner', of: (row) => row.owner },
            { title: 'id', of: (row) => row.id },
          ],
          found,
          'No machine fits',
        )
      }),
    )

  machine
    .command('create <name>')
    .description('create a machine that somebody answers for')
    .requiredOption('--owner <user>', 'who answers for it: an active user of the same organization')
    .option(...within)
    .option('--scope <scope...>', 'scopes it may ask for')
    .action(
      action<Within & { owner: string; scope?: string[] }>(async ({ client, out }, options, name) => {
        const { body } = await client.post<Machine>('/api/machines', {
          organizationId: await findOrganizationId(client, options.organization ?? homeOrganization),
          name,
          owner: await findUserId(client, options.owner, options.organization),
          ...(options.scope !== undefined && { scopes: options.scope }),
        })
        out.done(
          body,
          `The machine ${body.name} is there; its client_id is ${body.id}. Next: gatehouse machine secret ${body.id}`,
        )
      }),
    )

  addMachineKeys(machine)
  addMachineTrusts(machine)
  addSecretCommand(machine, '/api/machines', findMachineId)
  addTransitions(machine, {
    path: '/api/machines',
    find: findMachineId,
    verbs: [
      ['activate', 'let a machine work again', 'active'],
      ['suspend', 'stop a machine for now; its tokens end at once', 'suspended'],
      ['deactivate', 'retire a machine; its tokens end at once', 'deactivated'],
      ['delete', 'delete a machine; a tombstone stays', 'deleted'],
    ],
  })
}
