import type { Selectable } from 'kysely'
import { type ApplicationId, Fault, type OrganizationId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import { dropNotes } from '../credentials/credential-notes.store.ts'
import { credentialIds } from '../credentials/credentials.ts'
import { findNamed, releaseNames, setNames, type WantedName } from '../names.store.ts'
import { onPage, type PlacePage, pageOverOrganizations } from '../values/organization-pages.ts'
import type { Application, ApplicationKind, ApplicationState } from './application.ts'
import { defaultOAuth, type OAuthSettings } from './oauth-settings.ts'
import '../faults.ts'

interface ApplicationTable {
  organization_id: string
  id: string
  name: string
  display_name: string
  kind: string
  /** What is only ever read and written together. */
  settings: string
  credentials: string
  state: string
  created_at: number
  updated_at: number
  revision: number
}

declare module '#storage' {
  interface Tables {
    applications: ApplicationTable
  }
}

export const applicationMigrations: readonly Migration[] = [
  {
    id: '0403_directory_applications',
    sql: `create table applications (organization_id text not null references organizations (id), id text not null,
  name text not null, display_name text not null, kind text not null, settings text not null, credentials text not null,
  state text not null, created_at int8 not null, updated_at int8 not null, revision int8 not null,
  primary key (organization_id, id));
create unique index applications_by_id on applications (id);
create index applications_by_name on applications (organization_id, name);`,
  },
]

/** Tombstones too. The id is the `client_id`. */
export async function findApplication(db: Reader, id: ApplicationId): Promise<Application | undefined> {
  const row = await db.selectFrom('applications').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toApplication(row)
}

/** Deleted ones are unknown. @throws {Fault} `directory.application_unknown` */
export async function requireApplication(db: Reader, id: ApplicationId): Promise<Application> {
  const found = await findApplication(db, id)
  if (found === undefined || found.state === 'deleted') throw new Fault('directory.application_unknown')
  return found
}

export async function findApplicationByName(
  db: Reader,
  organizationId: OrganizationId,
  name: string,
): Promise<Application | undefined> {
  const id = await findNamed(db, organizationId, 'application', name)
  return id === undefined ? undefined : findApplication(db, id as ApplicationId)
}

/** The application that registered an origin, as in `https://docs.example.com`. */
export async function findApplicationByOrigin(db: Reader, origin: string): Promise<Application | undefined> {
  const id = await findNamed(db, undefined, 'origin', origin)
  return id === undefined ? undefined : findApplication(db, id as ApplicationId)
}

export interface ApplicationFilter {
  /** Only of these; undefined for all. */
  readonly organizationIds?: readonly OrganizationId[] | undefined
  readonly state?: ApplicationState | undefined
  readonly name?: string | undefined
  /** Names that begin so. */
  readonly prefix?: string | undefined
  readonly kind?: ApplicationKind | undefined
}

/** In the order of (organization, name); tombstones only when asked for by state. */
export function listApplications(db: Reader, filter: ApplicationFilter, page: PlacePage): Promise<Application[]> {
  return pageOverOrganizations(filter.organizationIds, page, async (part) => {
    let query = db.selectFrom('applications').selectAll().orderBy('organization_id').orderBy('name').orderBy('id')
    query = query.where(onPage(part, { name: filter.name, prefix: filter.prefix?.toLowerCase() }))
    query = filter.state === undefined ? query.where('state', '!=', 'deleted') : query.where('state', '=', filter.state)
    if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
    return (await query.limit(part.limit).execute()).map(toApplication)
  })
}

/** What some application has in its OAuth settings that the whole token service must be ready for. */
export interface OAuthNeeds {
  readonly algorithms: ReadonlySet<string>
  readonly detailTypes: ReadonlySet<string>
  /** Whether some organization lets programs in by a client id metadata document. */
  readonly documents: boolean
}

/** Reads the settings of those applications only that have something unusual in them. */
export async function findOAuthNeeds(db: Reader): Promise<OAuthNeeds> {
  const rows = await db
    .selectFrom('applications')
    .select('settings')
    .where('state', '!=', 'deleted')
    .where((where) =>
      where.or([
        where('settings', 'like', '%TokenAlgorithm":"RS%'),
        where('settings', 'like', '%"authorizationDetailTypes":["%'),
      ]),
    )
    .execute()
  const documents = await db
    .selectFrom('organizations')
    .select('id')
    .where('settings', 'like', '%"clientMetadataHosts":["%')
    .executeTakeFirst()
  const found = rows.map(({ settings }) => ({ ...defaultOAuth, ...JSON.parse(settings).oauth }) as OAuthSettings)
  return {
    algorithms: new Set(
      found.flatMap(({ idTokenAlgorithm, accessTokenAlgorithm }) => [idTokenAlgorithm, accessTokenAlgorithm]),
    ),
    detailTypes: new Set(found.flatMap(({ authorizationDetailTypes }) => authorizationDetailTypes)),
    documents: documents !== undefined,
  }
}

/** @throws {Fault} `directory.name_taken` for the name or an origin */
export async function insertApplication(tx: Tx, application: Application): Promise<void> {
  await claimNames(tx, application)
  await tx.insertInto('applications').values(toRow(application)).execute()
}

/** @throws {Fault} `directory.name_taken` for the name or an origin */
export async function updateApplicationRow(tx: Tx, application: Application): Promise<void> {
  if (application.state === 'deleted') await releaseNames(tx, application.id)
  else await claimNames(tx, application)
  const { organization_id, id, ...rest } = toRow(application)
  await tx
    .updateTable('applications')
    .set(rest)
    .where('organization_id', '=', organization_id)
    .where('id', '=', id)
    .execute()
  await dropNotes(tx, id, credentialIds(application))
}

async function claimNames(tx: Tx, { id, organizationId, name, origins }: Application): Promise<void> {
  const taken = `There is an application named ${name} in the organization`
  await setNames(tx, organizationId, id, [{ kind: 'application', name, pointer: '/name', taken }])
  const wanted: WantedName[] = origins.map((origin, at) => ({
    kind: 'origin',
    name: origin,
    pointer: `/origins/${at}`,
    taken: `The origin ${origin} belongs to another application`,
  }))
  await setNames(tx, undefined, id, wanted)
}

function toRow(application: Application): ApplicationTable {
  const {
    id,
    organizationId,
    name,
    displayName,
    kind,
    state,
    createdAtMs,
    updatedAtMs,
    revision,
    credentials,
    ...rest
  } = application
  return {
    organization_id: organizationId,
    id,
    name,
    display_name: displayName,
    kind,
    settings: JSON.stringify(rest),
    credentials: JSON.stringify(credentials),
    state,
    created_at: createdAtMs,
    updated_at: updatedAtMs,
    revision,
  }
}

export function toApplication(row: Selectable<ApplicationTable>): Application {
  const settings = JSON.parse(row.settings)
  return {
    ...settings,
    // Older rows say nothing of it, or not of all of it.
    oauth: { ...defaultOAuth, ...settings.oauth },
    credentials: JSON.parse(row.credentials),
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    displayName: row.display_name,
    kind: row.kind,
    state: row.state,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    revision: row.revision,
  } as Application
}
