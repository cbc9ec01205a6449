import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { findOrganizationId, findProviderId, homeOrganization } from '../../client/find.ts'
import { usage } from '../../failure.ts'
import { action } from '../../session.ts'
import { collect, organizationNames, organizationQuery, type Within, within } from './names.ts'
import { addTransitions } from './transitions.ts'

interface Provider {
  readonly id: string
  readonly organizationId: string
  readonly name: string
  readonly displayName: string
  readonly issuer: string
  readonly clientId: string
  readonly authMethod: string
  readonly scopes: readonly string[]
  readonly domains: readonly string[]
  readonly provisions: boolean
  readonly trustedAcr: readonly string[]
  readonly trustedAmr: readonly string[]
  readonly state: string
}

interface Checked {
  readonly reachable: boolean
  readonly problem?: string
  readonly redirectUri: string
  readonly jwksUri: string
  readonly backchannelLogoutUri: string
}

interface Settings extends Within {
  readonly title?: string
  readonly auth?: string
  readonly scopes?: string
  readonly domains?: string
  readonly provision?: boolean
  readonly trustAcr?: string
  readonly trustAmr?: string
}

const words = (text: string | undefined) => text?.split(/[\s,]+/).filter((word) => word !== '')

/** `gatehouse provider …`: identity providers by which people sign in. */
export function addProviders(program: Command): void {
  const provider = program
    .command('provider')
    .description('identity providers (OpenID Connect) by which people sign in')
  const settings = (command: Command) =>
    command
      .option(...within)
      .option('--title <text>', 'what people read: “Continue with …”')
      .addOption(
        new Option('--auth <method>', 'how Gatehouse proves itself there').choices([
          'private_key_jwt',
          'client_secret_basic',
          'client_secret_post',
        ]),
      )
      .option('--scopes <words>', 'what is asked for there (default: openid email profile)')
      .option('--domains <words>', 'e-mail domains it is offered to, and whose unknown people it may bring')
      .option('--provision', 'unknown people of these domains get an account, as the registration rules say')
      .option('--no-provision', 'only linked identities sign in')
      .option('--trust-acr <words>', 'values of acr that count as a second factor; for owners')
      .option('--trust-amr <words>', 'values of amr that do; for owners')
  const bodyOf = (options: Settings) => ({
    ...(options.title !== undefined && { displayName: options.title }),
    ...(options.auth !== undefined && { authMethod: options.auth }),
    ...(options.scopes !== undefined && { scopes: words(options.scopes) }),
    ...(options.domains !== undefined && { domains: words(options.domains) }),
    ...(options.provision !== undefined && { provisions: options.provision }),
    ...(options.trustAcr !== undefined && { trustedAcr: words(options.trustAcr) }),
    ...(options.trustAmr !== undefined && { trustedAmr: words(options.trustAmr) }),
  })

  provider
    .command('list')
    .description('identity providers by organization and name')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options) => {
        const found = await collect(client.list<Provider>('/api/providers', await organizationQuery(client, options)))
        const names = out.json ? new Map<string, string>() : await organizationNames(client)
        out.table(
          [
            { title: 'provider', of: (row) => row.name },
            { title: 'organization', of: (row) => names.get(row.organizationId) ?? row.organizationId },
            { title: 'issuer', of: (row) => row.issuer },
            { title: 'state', of: (row) => row.state },
            { title: 'brings', of: (row) => (row.provisions ? row.domains.join(' ') : 'nobody') },
            { title: 'id', of: (row) => row.id },
          ],
          found,
          'There is no identity provider',
        )
      }),
    )

  settings(
    provider
      .command('create <name>')
      .description('set one up; then register what `provider check` tells there')
      .requiredOption('--issuer <address>', 'its `iss`; the rest is found by discovery')
      .requiredOption('--client-id <id>', 'the client id that Gatehouse has there'),
  ).action(
    action<Settings & { issuer: string; clientId: string }>(async ({ client, out }, options, name) => {
      const { body } = await client.post<Provider>('/api/providers', {
        organizationId: await findOrganizationId(client, options.organization ?? homeOrganization),
        name,
        issuer: options.issuer,
        clientId: options.clientId,
        ...bodyOf(options),
      })
      out.done(body, `The identity provider ${body.name} is there (${body.id})`)
    }),
  )

  provider
    .command('show <name>')
    .description('one identity provider')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options, name) => {
        const id = await findProviderId(client, name as string, options.organization)
        const { body } = await client.get<Provider>(`/api/providers/${id}`)
        out.fields(body, [
          ['provider', body.name],
          ['title', body.displayName],
          ['state', body.state],
          ['issuer', body.issuer],
          ['client id', body.clientId],
          ['authenticates by', body.authMethod],
          ['scopes', body.scopes.join(' ')],
          ['domains', body.domains.join(' ')],
          ['brings unknown people', body.provisions ? 'yes' : 'no'],
          ['second factors trusted', [...body.trustedAcr, ...body.trustedAmr].join(' ') || 'none'],
          ['id', body.id],
        ])
      }),
    )

  settings(provider.command('update <name>').description('change what is given')).action(
    action<Settings>(async ({ client, out }, options, name) => {
      const body = bodyOf(options)
      if (Object.keys(body).length === 0) throw usage('What is to change?', 'Give one of the options')
      const id = await findProviderId(client, name as string, options.organization)
      const reply = await client.request<Provider>('PATCH', `/api/providers/${id}`, { body })
      out.done(reply.body, `${name} is changed`)
    }),
  )

  provider
    .command('set-secret <name>')
    .description('set the client secret that Gatehouse has there, read from standard input or --file')
    .option(...within)
    .option('--file <path>', 'where it stands')
    .action(
      action<Within & { file?: string }>(async ({ client, out }, options, name) => {
        const id = await findProviderId(client, name as string, options.organization)
        const secret = readFileSync(options.file ?? 0, 'utf8').trim()
        if (secret === '') throw usage('There is no secret', 'Give it on standard input, or name its file by --file')
        await client.request('PUT', `/api/providers/${id}/secret`, { body: { secret } })
        out.done({ id, secretSet: true }, `The secret of ${name} is set; it is never shown`)
      }),
    )

  provider
    .command('check <name>')
    .description('ask what it says of itself, and tell what is to be registered there')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options, name) => {
        const id = await findProviderId(client, name as string, options.organization)
        const { body } = await client.post<Checked>(`/api/providers/${id}/check`)
        out.fields(body, [
          ['reachable', body.reachable ? 'yes' : `no: ${body.problem ?? ''}`],
          ['redirect address', body.redirectUri],
          ['our keys (private_key_jwt)', body.jwksUri],
          ['back-channel logout', body.backchannelLogoutUri],
        ])
      }),
    )

  addTransitions(provider, {
    path: '/api/providers',
    find: findProviderId,
    verbs: [
      ['suspend', 'nobody signs in by it for now; sessions that came by it end', 'suspended'],
      ['activate', 'let people sign in by it again', 'active'],
      ['delete', 'delete it, with all links of people to it', 'deleted'],
    ],
  })
}
