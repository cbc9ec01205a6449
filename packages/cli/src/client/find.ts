import { exits, Failure } from '../failure.ts'
import type { Client } from './client.ts'
import { parseUid } from './parse.ts'

interface Named {
  readonly id: string
  readonly name?: string
  readonly username?: string
  readonly organizationId?: string
}

/** The operator's own organization, where things are made when a command does not say. */
export const homeOrganization = 'home'

const isId = (prefix: string, text: string) => new RegExp(`^${prefix}_[0-9a-hjkmnp-tv-z]{26}$`).test(text)

/** @param name an id or a name */
export async function findOrganizationId(client: Client, name: string): Promise<string> {
  if (isId('org', name)) return name
  return (await findOne(client, '/api/organizations', { name }, `organization ${name}`)).id
}

/**
 * An application by `app_…`, `name`, or `organization/name`.
 * @throws {Failure} not found
 */
export async function findApplicationId(client: Client, text: string, organization?: string): Promise<string> {
  if (isId('app', text)) return text
  return (await findNamed(client, '/api/applications', 'name', text, organization, 'application')).id
}

export async function findUserId(client: Client, text: string, organization?: string): Promise<string> {
  if (isId('user', text)) return text
  return (await findNamed(client, '/api/users', 'username', text, organization, 'user')).id
}

export async function findGroupId(client: Client, text: string, organization?: string): Promise<string> {
  if (isId('group', text)) return text
  return (await findNamed(client, '/api/groups', 'name', text, organization, 'group')).id
}

export async function findMachineId(client: Client, text: string, organization?: string): Promise<string> {
  if (isId('machine', text)) return text
  return (await findNamed(client, '/api/machines', 'name', text, organization, 'machine')).id
}

export async function findProviderId(client: Client, text: string, organization?: string): Promise<string> {
  if (isId('idp', text)) return text
  return (await findNamed(client, '/api/providers', 'name', text, organization, 'identity provider')).id
}

async function findNamed(
  client: Client,
  path: string,
  key: 'name' | 'username',
  text: string,
  organization: string | undefined,
  noun: string,
): Promise<Named> {
  const slash = text.indexOf('/')
  const [within, name] = slash < 0 ? [organization, text] : [text.slice(0, slash), text.slice(slash + 1)]
  const scope = within === undefined ? undefined : await findOrganizationId(client, within)
  const place = within === undefined ? '' : ` in ${within}`
  return findOne(client, path, { ...(scope && { organizationId: scope }), [key]: name }, `${noun} ${name}${place}`)
}

async function findOne(client: Client, path: string, query: Record<string, string>, what: string): Promise<Named> {
  const found: Named[] = []
  for await (const one of client.list<Named>(path, query, 2)) found.push(one)
  if (found.length > 1) {
    throw new Failure(`There is more than one ${what}`, {
      exit: exits.usage,
      next: 'Say which: organization/name, --organization, or the id',
    })
  }
  if (found[0] !== undefined) return found[0]
  throw new Failure(`There is no ${what}`, {
    exit: exits.notFound,
    next: 'Name it as organization/name, or by its id; the list command shows what there is',
  })
}

/** A principal by `user:alice`, `group:staff`, `machine:archiver`, each perhaps `organization/name`, or as any entity. */
export async function findPrincipal(
  client: Client,
  text: string,
  organization?: string,
): Promise<{ type: string; id: string }> {
  const [, kind, name] = /^(user|group|machine|application):(.+)$/.exec(text) ?? []
  if (kind === undefined || name === undefined) return parseUid(text)
  const ways = { user: findUserId, group: findGroupId, machine: findMachineId, application: findApplicationId }
  const id = await ways[kind as keyof typeof ways](client, name, organization)
  return { type: `${kind[0]?.toUpperCase()}${kind.slice(1)}`, id }
}
