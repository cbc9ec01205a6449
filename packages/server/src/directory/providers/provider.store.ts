import type { Selectable } from 'kysely'
import { Fault, type OrganizationId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import { findNamed, releaseNames, setNames } from '../names.store.ts'
import { onPage, type PlacePage, pageOverOrganizations } from '../values/organization-pages.ts'
import { type Provider, type ProviderId, type ProviderState, providersMost } from './provider.ts'
import '../faults.ts'

interface ProviderTable {
  organization_id: string
  id: string
  name: string
  display_name: string
  issuer: string
  client_id: string
  state: string
  /** JSON: the members that have no column. */
  settings: string
  created_at: number
  updated_at: number
  revision: number
}

declare module '#storage' {
  interface Tables {
    identity_providers: ProviderTable
  }
}

export const providerMigrations: readonly Migration[] = [
  {
    id: '0460_directory_identity_providers',
    sql: `create table identity_providers (organization_id text not null references organizations (id), id text not null,
  name text not null, display_name text not null, issuer text not null, client_id text not null, state text not null,
  settings text not null, created_at int8 not null, updated_at int8 not null, revision int8 not null,
  primary key (organization_id, id));
create unique index identity_providers_by_id on identity_providers (id);
create unique index identity_providers_by_issuer on identity_providers (organization_id, issuer);
create index identity_providers_by_name on identity_providers (organization_id, name);`,
  },
]

export async function findProvider(db: Reader, id: ProviderId): Promise<Provider | undefined> {
  const row = await db.selectFrom('identity_providers').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toProvider(row)
}

/** @throws {Fault} `directory.provider_unknown` */
export async function requireProvider(db: Reader, id: ProviderId): Promise<Provider> {
  const found = await findProvider(db, id)
  if (found === undefined) throw new Fault('directory.provider_unknown')
  return found
}

export async function findProviderByName(
  db: Reader,
  organizationId: OrganizationId,
  name: string,
): Promise<Provider | undefined> {
  const id = await findNamed(db, organizationId, 'provider', name)
  return id === undefined ? undefined : findProvider(db, id as ProviderId)
}

/** Those by which people of the organization may sign in now, by name; at most `providersMost`. */
export async function listActiveProviders(db: Reader, organizationId: OrganizationId): Promise<Provider[]> {
  const rows = await db
    .selectFrom('identity_providers')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('state', '=', 'active')
    .orderBy('name')
    .execute()
  return rows.map(toProvider)
}

export interface ProviderFilter {
  /** Only of these; undefined for all. */
  readonly organizationIds?: readonly OrganizationId[] | undefined
  readonly name?: string | undefined
  /** Names that begin so. */
  readonly prefix?: string | undefined
  readonly state?: ProviderState | undefined
}

/** In the order of (organization, name). */
export function listProviders(db: Reader, filter: ProviderFilter, page: PlacePage): Promise<Provider[]> {
  return pageOverOrganizations(filter.organizationIds, page, async (part) => {
    let query = db.selectFrom('identity_providers').selectAll().orderBy('organization_id').orderBy('name').orderBy('id')
    query = query.where(onPage(part, { name: filter.name, prefix: filter.prefix?.toLowerCase() }))
    if (filter.state !== undefined) query = query.where('state', '=', filter.state)
    return (await query.limit(part.limit).execute()).map(toProvider)
  })
}

/** @throws {Fault} `directory.name_taken`, `directory.issuer_taken`, `directory.too_many` */
export async function insertProvider(tx: Tx, provider: Provider): Promise<void> {
  const { organizationId } = provider
  const others = await listProviders(tx, { organizationIds: [organizationId] }, { limit: providersMost })
  if (others.length >= providersMost) throw new Fault('directory.too_many')
  await claimName(tx, provider)
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('identity_providers')
    .values(toRow(provider))
    .onConflict((conflict) => conflict.columns(['organization_id', 'issuer']).doNothing())
    .executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows !== 1n) throw new Fault('directory.issuer_taken')
}

/** @throws {Fault} `directory.name_taken` */
export async function updateProviderRow(tx: Tx, provider: Provider): Promise<void> {
  await claimName(tx, provider)
  const { organization_id, id, ...rest } = toRow(provider)
  await tx
    .updateTable('identity_providers')
    .set(rest)
    .where('organization_id', '=', organization_id)
    .where('id', '=', id)
    .execute()
}

export async function deleteProviderRow(tx: Tx, { id, organizationId }: Provider): Promise<void> {
  await releaseNames(tx, id)
  await tx.deleteFrom('identity_providers').where('organization_id', '=', organizationId).where('id', '=', id).execute()
}

async function claimName(tx: Tx, { id, organizationId, name }: Provider): Promise<void> {
  const taken = `There is an identity provider named ${name} in the organization`
  await setNames(tx, organizationId, id, [{ kind: 'provider', name, pointer: '/name', taken }])
}

function toRow(it: Provider): ProviderTable {
  const { authMethod, scopes, domains, provisions, trustedAcr, trustedAmr } = it
  return {
    organization_id: it.organizationId,
    id: it.id,
    name: it.name,
    display_name: it.displayName,
    issuer: it.issuer,
    client_id: it.clientId,
    state: it.state,
    settings: JSON.stringify({ authMethod, scopes, domains, provisions, trustedAcr, trustedAmr }),
    created_at: it.createdAtMs,
    updated_at: it.updatedAtMs,
    revision: it.revision,
  }
}

type Settings = Pick<Provider, 'authMethod' | 'scopes' | 'domains' | 'provisions' | 'trustedAcr' | 'trustedAmr'>

const toProvider = (row: Selectable<ProviderTable>): Provider => ({
  id: row.id as ProviderId,
  organizationId: row.organization_id as OrganizationId,
  name: row.name,
  displayName: row.display_name,
  issuer: row.issuer,
  clientId: row.client_id,
  ...(JSON.parse(row.settings) as Settings),
  state: row.state as ProviderState,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
  revision: row.revision,
})
