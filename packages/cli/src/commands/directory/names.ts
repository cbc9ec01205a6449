import type { Client } from '../../client/client.ts'
import { findOrganizationId } from '../../client/find.ts'

/** Options that most commands about the directory take. */
export interface Within {
  readonly organization?: string
}

export const within = ['--organization <name>', 'the organization: its name or id'] as const

/** `organizationId` for a query, when an organization is named. */
export async function organizationQuery(client: Client, options: Within): Promise<{ organizationId?: string }> {
  if (options.organization === undefined) return {}
  return { organizationId: await findOrganizationId(client, options.organization) }
}

/** Names of the organizations by id, so that tables show names. */
export async function organizationNames(client: Client): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>()
  for await (const { id, name } of client.list<{ id: string; name: string }>('/api/organizations')) names.set(id, name)
  return names
}

/** Everything of a list, for a table. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
