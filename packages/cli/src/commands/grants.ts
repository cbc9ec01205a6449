import type { Command } from 'commander'
import { findApplicationId, findOrganizationId, findPrincipal } from '../client/find.ts'
import { parseMoment, parseUid } from '../client/parse.ts'
import { moment } from '../output/plain.ts'
import { action } from '../session.ts'

interface Grant {
  readonly id: string
  readonly role: string
  readonly principal: { readonly type: string; readonly id: string }
  readonly resource: { readonly type: string; readonly id: string }
  readonly state: string
  readonly untilMs?: number
  readonly why: string
  readonly grantedBy: { readonly name: string }
}

const uidText = ({ type, id }: { type: string; id: string }) => `${type}:${id}`

/** `gatehouse grant …`: who has which role on what, since when and until when. */
export function addGrants(program: Command): void {
  const grant = program.command('grant').description('who has which role on what: list, create, revoke')

  grant
    .command('list')
    .description('grants, narrowed by application, organization, role or principal')
    .option('--app <application>', "only roles of this application's policies")
    .option('--organization <name>', 'only grants in this organization')
    .option('--role <role>', 'only this role')
    .option('--principal <principal>', 'only to this one: user:alice, group:staff, machine:archiver, or Type:id')
    .action(
      action<{ app?: string; organization?: string; role?: string; principal?: string }>(
        async ({ client, out }, options) => {
          const principal =
            options.principal === undefined
              ? undefined
              : await findPrincipal(client, options.principal, options.organization)
          const query = {
            role: options.role,
            ...(options.app !== undefined && { applicationId: await findApplicationId(client, options.app) }),
            ...(options.organization !== undefined && {
              organizationId: await findOrganizationId(client, options.organization),
            }),
            ...(principal !== undefined && { principalType: principal.type, principalId: principal.id }),
          }
          const found: Grant[] = []
          for await (const one of client.list<Grant>('/api/grants', query)) found.push(one)
          out.table(
            [
              { title: 'id', of: (row) => row.id },
              { title: 'role', of: (row) => row.role },
              { title: 'principal', of: (row) => uidText(row.principal) },
              { title: 'resource', of: (row) => uidText(row.resource) },
              { title: 'state', of: (row) => row.state },
              { title: 'until', of: (row) => moment(row.untilMs) },
              { title: 'why', of: (row) => row.why },
            ],
            found,
            'No grant fits',
          )
        },
      ),
    )

  grant
    .command('create')
    .description('give a role to a user, group or machine on a resource, perhaps for a time')
    .requiredOption('--role <role>', 'a role of the application, or a built-in one')
    .requiredOption('--to <principal>', 'user:alice, group:staff, machine:archiver, or Type:id')
    .requiredOption('--on <resource>', 'Type:id, such as Folder:handbook; deployment for all of Gatehouse')
    .requiredOption('--why <text>', 'the reason, for the record and the next review')
    .option('--app <application>', 'the application whose role it is; none for a built-in role')
    .option('--organization <name>', 'where the principal is looked for by name')
    .option('--until <time>', 'when it ends: 8h, 30d, or a date')
    .action(
      action<{
        role: string
        to: string
        on: string
        why: string
        app?: string
        organization?: string
        until?: string
      }>(async ({ client, out }, options) => {
        const resource =
          options.on === 'deployment' ? { type: 'Gatehouse::Deployment', id: 'gatehouse' } : parseUid(options.on)
        const { body } = await client.post<Grant>('/api/grants', {
          role: options.role,
          principal: await findPrincipal(client, options.to, options.organization),
          resource,
          why: options.why,
          ...(options.app !== undefined && { applicationId: await findApplicationId(client, options.app) }),
          ...(options.until !== undefined && { untilMs: parseMoment(options.until, Date.now()) }),
        })
        const until = body.untilMs === undefined ? '' : ` until ${moment(body.untilMs)}`
        out.done(body, `${options.to} has the role ${body.role} on ${options.on}${until} (${body.id})`)
      }),
    )

  grant
    .command('revoke <id>')
    .description('take a grant back at once')
    .option('--reason <text>', 'why, for the record')
    .action(
      action<{ reason?: string }>(async ({ client, out }, options, id) => {
        await client.request('DELETE', `/api/grants/${encodeURIComponent(id as string)}`, {
          query: { reason: options.reason },
        })
        out.done({ id, revoked: true }, `${id} is revoked`)
      }),
    )
}
