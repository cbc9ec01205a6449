import { type Command, Option } from 'commander'
import { findApplicationId, findOrganizationId, homeOrganization } from '../../client/find.ts'
import { parseRoute } from '../../client/parse.ts'
import { exits } from '../../failure.ts'
import { action } from '../../session.ts'
import { collect, organizationNames, organizationQuery, type Within, within } from './names.ts'
import { addSecretCommand } from './secrets.ts'
import { addTransitions } from './transitions.ts'

interface Application {
  readonly id: string
  readonly organizationId: string
  readonly name: string
  readonly displayName: string
  readonly kind: string
  readonly state: string
  readonly authMethod: string
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly string[]
  readonly scopes: readonly string[]
  readonly origins: readonly string[]
  readonly routes: readonly {
    readonly method: string
    readonly path: string
    readonly action: string
    readonly resource: string
  }[]
}

interface Finding {
  readonly rule: string
  readonly pointer: string
  readonly says: string
  readonly fix: string
}

interface CreateOptions extends Within {
  readonly kind: string
  readonly title?: string
  readonly redirectUri?: string[]
  readonly origin?: string[]
  readonly route?: string[]
}

/** `gatehouse app …`: what people sign in to and what asks for decisions. */
export function addApplications(program: Command): void {
  const app = program.command('app').description('applications: what people sign in to and what is protected')

  app
    .command('list')
    .description('applications by organization and name')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options) => {
        const query = await organizationQuery(client, options)
        const found = await collect(client.list<Application>('/api/applications', query))
        const names = out.json ? new Map<string, string>() : await organizationNames(client)
        out.table(
          [
            { title: 'application', of: (row) => row.name },
            { title: 'organization', of: (row) => names.get(row.organizationId) ?? row.organizationId },
            { title: 'kind', of: (row) => row.kind },
            { title: 'state', of: (row) => row.state },
            { title: 'origins', of: (row) => row.origins.join(' ') },
            { title: 'id', of: (row) => row.id },
          ],
          found,
          'No application fits',
        )
      }),
    )

  app
    .command('show <name>')
    .description('one application')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options, name) => {
        const id = await findApplicationId(client, name as string, options.organization)
        const { body } = await client.get<Application>(`/api/applications/${id}`)
        out.fields(body, [
          ['Application', body.name],
          ['Title', body.displayName],
          ['client_id', body.id],
          ['Kind', body.kind],
          ['State', body.state],
          ['Authenticates by', body.authMethod],
          ['Grant types', body.grantTypes.join(' ')],
          ['Scopes', body.scopes.join(' ')],
          ['Redirects to', body.redirectUris.join(' ')],
          ['Origins', body.origins.join(' ')],
          ...body.routes.map(
            (route) => [`  ${route.method} ${route.path}`, `${route.action} ${route.resource}`] as const,
          ),
        ])
      }),
    )

  app
    .command('create <name>')
    .description('register an application; its id is its client_id')
    .addOption(new Option('--kind <kind>', 'what it is').choices(['web', 'native', 'service']).default('web'))
    .option(...within)
    .option('--title <text>', 'how people call it')
    .option('--redirect-uri <uri...>', 'where a sign-in may return to')
    .option('--origin <origin...>', 'where it is reached through a gateway, as in https://docs.example.com')
    .option('--route <route...>', 'as in \'GET /documents/:id read Document::"{id}"\'')
    .action(
      action<CreateOptions>(async ({ client, out }, options, name) => {
        const { body } = await client.post<Application>('/api/applications', {
          organizationId: await findOrganizationId(client, options.organization ?? homeOrganization),
          name,
          kind: options.kind,
          ...(options.title !== undefined && { displayName: options.title }),
          ...(options.redirectUri !== undefined && { redirectUris: options.redirectUri }),
          ...(options.origin !== undefined && { origins: options.origin }),
          ...(options.route !== undefined && { routes: options.route.map(parseRoute) }),
        })
        out.done(body, `The application ${body.name} is registered; its client_id is ${body.id}`)
      }),
    )

  app
    .command('lint <name>')
    .description('find what of an application is allowed and unwise, with the fix; exit 1 when there is something')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options, name) => {
        const id = await findApplicationId(client, name as string, options.organization)
        const { body } = await client.get<{ findings: Finding[] }>(`/api/applications/${id}/lint`)
        out.table(
          [
            { title: 'rule', of: (row) => row.rule },
            { title: 'where', of: (row) => row.pointer },
            { title: 'what', of: (row) => row.says },
            { title: 'fix', of: (row) => row.fix },
          ],
          body.findings,
          'Nothing to find',
        )
        if (body.findings.length > 0) process.exitCode = exits.failed
      }),
    )

  addSecretCommand(app, '/api/applications', findApplicationId)
  addTransitions(app, {
    path: '/api/applications',
    find: findApplicationId,
    verbs: [
      ['activate', 'let a suspended application work again', 'active'],
      ['suspend', 'stop an application for now; its tokens end at once', 'suspended'],
      ['delete', 'delete an application; a tombstone stays', 'deleted'],
    ],
  })
}
