import type { Selectable } from 'kysely'
import { Fault, type OrganizationId } from '#kernel'
import { type Migration, type Reader, repeatedRead, type Tx } from '#storage'
import { findNamed, releaseNames, setNames, type WantedName } from '../names.store.ts'
import { normaliseDomain } from '../values/email.ts'
import type { Organization, OrganizationState } from './organization.ts'
import '../faults.ts'

interface OrganizationTable {
  id: string
  name: string
  display_name: string
  domains: string
  settings: string
  state: string
  /** Counts changes of the graph of groups in groups: whoever changes an edge updates it, so that two never do at once. */
  group_edges: number
  created_at: number
  updated_at: number
  revision: number
}

declare module '#storage' {
  interface Tables {
    organizations: OrganizationTable
  }
}

export const organizationMigrations: readonly Migration[] = [
  {
    id: '0401_directory_organizations',
    sql: `create table organizations (id text primary key, name text not null, display_name text not null,
  domains text not null, settings text not null, state text not null, group_edges int8 not null,
  created_at int8 not null, updated_at int8 not null, revision int8 not null);
create index organizations_by_name on organizations (name);`,
  },
]

export async function findOrganization(db: Reader, id: OrganizationId): Promise<Organization | undefined> {
  const [row] = await selectOrganization(db, id)
  return row && toOrganization(row)
}
const selectOrganization = repeatedRead((db) =>
  db
    .selectFrom('organizations')
    .selectAll()
    .where('id', '=', '' as OrganizationId),
)

/** Deleted ones are unknown. @throws {Fault} `directory.organization_unknown` */
export async function requireOrganization(db: Reader, id: OrganizationId): Promise<Organization> {
  const found = await findOrganization(db, id)
  if (found === undefined || found.state === 'deleted') throw new Fault('directory.organization_unknown')
  return found
}

/** As `requireOrganization`, for what may only be done in an active one. @throws {Fault} `directory.organization_closed` */
export async function requireActiveOrganization(db: Reader, id: OrganizationId): Promise<Organization> {
  const found = await requireOrganization(db, id)
  if (found.state !== 'active') throw new Fault('directory.organization_closed')
  return found
}

export async function findOrganizationByName(db: Reader, name: string): Promise<Organization | undefined> {
  const id = await findNamed(db, undefined, 'organization', name)
  return id === undefined ? undefined : findOrganization(db, id as OrganizationId)
}

/** The organization that an e-mail domain belongs to; compared as host names are. */
export async function findOrganizationOfDomain(db: Reader, domain: string): Promise<Organization | undefined> {
  const id = await findNamed(db, undefined, 'domain', normaliseDomain(domain) ?? '')
  return id === undefined ? undefined : findOrganization(db, id as OrganizationId)
}

/** Active organizations that let programs of this host in without registering them: two at most are told. */
export async function findOrganizationsTakingDocuments(db: Reader, host: string): Promise<Organization[]> {
  const rows = await db
    .selectFrom('organizations')
    .selectAll()
    .where('state', '=', 'active')
    .where('settings', 'like', '%"clientMetadataHosts":["%')
    .execute()
  return rows
    .map(toOrganization)
    .filter(({ settings }) => settings.tokens?.clientMetadataHosts?.some((one) => one === '*' || one === host))
    .slice(0, 2)
}

/** Those after a name, in the order of names; deleted ones are left out. */
export async function listOrganizations(
  db: Reader,
  page: {
    after?: string | undefined
    limit: number
    state?: OrganizationState | undefined
    /** Exactly this one. */
    name?: string | undefined
    /** Names that begin so. */
    prefix?: string | undefined
    /** Only of these; undefined for all. */
    ids?: readonly OrganizationId[] | undefined
  },
): Promise<Organization[]> {
  let query = db.selectFrom('organizations').selectAll()
  query = page.state === undefined ? query.where('state', '!=', 'deleted') : query.where('state', '=', page.state)
  if (page.name !== undefined) query = query.where('name', '=', page.name)
  if (page.prefix !== undefined) {
    const from = page.prefix.toLowerCase()
    query = query.where('name', '>=', from).where('name', '<', `${from}\u{10ffff}`)
  }
  if (page.ids !== undefined) query = query.where('id', 'in', page.ids)
  if (page.after !== undefined) query = query.where('name', '>', page.after)
  return (await query.orderBy('name').limit(page.limit).execute()).map(toOrganization)
}

/** @throws {Fault} `directory.name_taken` for the name or a domain */
export async function insertOrganization(tx: Tx, organization: Organization): Promise<void> {
  await setNames(tx, undefined, organization.id, namesOf(organization))
  const row = { ...toRow(organization), group_edges: 0, created_at: organization.createdAtMs }
  await tx.insertInto('organizations').values(row).execute()
}

/** @throws {Fault} `directory.name_taken` for the name or a domain */
export async function updateOrganizationRow(tx: Tx, organization: Organization): Promise<void> {
  if (organization.state === 'deleted') await releaseNames(tx, organization.id)
  else await setNames(tx, undefined, organization.id, namesOf(organization))
  await tx.updateTable('organizations').set(toRow(organization)).where('id', '=', organization.id).execute()
}

/** Whether any user, machine, group or application that is not deleted is in the organization. */
export async function hasInhabitants(db: Reader, id: OrganizationId): Promise<boolean> {
  // Whatever lives has a name.
  const row = await db
    .selectFrom('directory_names')
    .select('object_id')
    .where('organization_id', '=', id)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Takes the right to change which groups are in which; a second taker at the same time begins again. */
export async function lockGroupGraph(tx: Tx, id: OrganizationId): Promise<void> {
  await tx
    .updateTable('organizations')
    .set((row) => ({ group_edges: row('group_edges', '+', 1) }))
    .where('id', '=', id)
    .execute()
}

function namesOf({ name, domains }: Organization): WantedName[] {
  const taken = `There is an organization named ${name}: choose another name`
  return [
    { kind: 'organization', name, pointer: '/name', taken },
    ...domains.map((domain, at) => ({
      kind: 'domain' as const,
      name: domain,
      pointer: `/domains/${at}`,
      taken: `The domain ${domain} belongs to another organization`,
    })),
  ]
}

function toRow(organization: Organization) {
  return {
    id: organization.id,
    name: organization.name,
    display_name: organization.displayName,
    domains: JSON.stringify(organization.domains),
    settings: JSON.stringify(organization.settings),
    state: organization.state,
    updated_at: organization.updatedAtMs,
    revision: organization.revision,
  }
}

function toOrganization(row: Selectable<OrganizationTable>): Organization {
  return {
    id: row.id as OrganizationId,
    name: row.name,
    displayName: row.display_name,
    domains: JSON.parse(row.domains),
    settings: JSON.parse(row.settings),
    state: row.state as OrganizationState,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    revision: row.revision,
  }
}
