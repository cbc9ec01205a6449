import type { Selectable } from 'kysely'
import type { ApplicationId, GrantId, OrganizationId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import type { EntityUid } from '../entities/source.ts'
import { deployment } from '../gate/gate.ts'
import type { Grant } from './grant.ts'

interface GrantTable {
  id: string
  organization_id: string | null
  application_id: string | null
  role: string
  principal_type: string
  principal_id: string
  resource_type: string
  resource_id: string
  starts_at: number
  ends_at: number | null
  why: string
  granted_by_type: string
  granted_by_id: string | null
  granted_by_name: string
  created_at: number
}

declare module '#storage' {
  interface Tables {
    grants: GrantTable
  }
}

export const grantMigrations: readonly Migration[] = [
  {
    id: '0301_authorization_grants',
    sql: `create table grants (organization_id text, id text primary key, application_id text, role text not null,
  principal_type text not null, principal_id text not null, resource_type text not null, resource_id text not null,
  starts_at int8 not null, ends_at int8, why text not null, granted_by_type text not null, granted_by_id text,
  granted_by_name text not null, created_at int8 not null);
create index grants_by_organization on grants (organization_id, id);
create index grants_by_principal on grants (principal_type, principal_id, id);
create index grants_by_resource on grants (resource_type, resource_id, id);
create index grants_by_application on grants (application_id, id);
create index grants_by_end on grants (ends_at)`,
  },
]

export async function insertGrant(tx: Tx, grant: Grant): Promise<void> {
  await tx
    .insertInto('grants')
    .values({
      id: grant.id,
      organization_id: grant.organizationId ?? null,
      application_id: grant.applicationId ?? null,
      role: grant.role,
      principal_type: grant.principal.type,
      principal_id: grant.principal.id,
      resource_type: grant.resource.type,
      resource_id: grant.resource.id,
      starts_at: grant.fromMs,
      ends_at: grant.untilMs ?? null,
      why: grant.why,
      granted_by_type: grant.grantedBy.type,
      granted_by_id: grant.grantedBy.id ?? null,
      granted_by_name: grant.grantedBy.name,
      created_at: grant.createdAtMs,
    })
    .execute()
}

export async function findGrant(db: Reader, id: GrantId): Promise<Grant | undefined> {
  const row = await db.selectFrom('grants').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toGrant(row)
}

/** True when this call deleted it: a second one finds nothing. */
export async function deleteGrant(tx: Tx, id: GrantId): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom('grants').where('id', '=', id).executeTakeFirstOrThrow()
  return numDeletedRows === 1n
}

/** Deletes grants whose end lies before `beforeMs`. */
export async function deleteEndedGrants(tx: Tx, beforeMs: number): Promise<void> {
  await tx.deleteFrom('grants').where('ends_at', '<', beforeMs).execute()
}

/** How many grants of `role` on exactly `resource` have begun and have no end, `id` not counted. */
export async function countLasting(
  db: Reader,
  role: string,
  resource: EntityUid,
  besides: GrantId,
  nowMs: number,
): Promise<number> {
  const row = await db
    .selectFrom('grants')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('role', '=', role)
    .where('application_id', 'is', null)
    .where('resource_type', '=', resource.type)
    .where('resource_id', '=', resource.id)
    .where('ends_at', 'is', null)
    .where('starts_at', '<=', nowMs)
    .where('id', '!=', besides)
    .executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Who holds the role `owner` on the whole deployment now, without an end. */
export async function listLastingOwners(db: Reader, nowMs: number): Promise<EntityUid[]> {
  const rows = await db
    .selectFrom('grants')
    .select(['principal_type', 'principal_id'])
    .where('resource_type', '=', deployment.type)
    .where('resource_id', '=', deployment.id)
    .where('application_id', 'is', null)
    .where('role', '=', 'owner')
    .where('ends_at', 'is', null)
    .where('starts_at', '<=', nowMs)
    .execute()
  return rows.map((row) => ({ type: row.principal_type, id: row.principal_id }))
}

/** Writes the rows of `listLastingOwners` as they are: transactions that do so follow each other. */
export async function lockLastingOwners(tx: Tx): Promise<void> {
  await tx
    .updateTable('grants')
    .set((row) => ({ role: row.ref('role') }))
    .where('resource_type', '=', deployment.type)
    .where('resource_id', '=', deployment.id)
    .where('application_id', 'is', null)
    .where('role', '=', 'owner')
    .execute()
}

export interface GrantFilter {
  readonly organizationId?: OrganizationId
  readonly applicationId?: ApplicationId
  readonly role?: string
  readonly principal?: EntityUid
  readonly resource?: EntityUid
}

/** Grants after `afterId` by id, at most `limit`. */
export async function listGrants(db: Reader, filter: GrantFilter, afterId: string, limit: number): Promise<Grant[]> {
  let query = db.selectFrom('grants').selectAll().where('id', '>', afterId)
  const { organizationId, applicationId, role, principal, resource } = filter
  if (organizationId !== undefined) query = query.where('organization_id', '=', organizationId)
  if (applicationId !== undefined) query = query.where('application_id', '=', applicationId)
  if (role !== undefined) query = query.where('role', '=', role)
  if (principal !== undefined)
    query = query.where('principal_type', '=', principal.type).where('principal_id', '=', principal.id)
  if (resource !== undefined)
    query = query.where('resource_type', '=', resource.type).where('resource_id', '=', resource.id)
  return (await query.orderBy('id').limit(limit).execute()).map(toGrant)
}

/** Every grant that has not ended by `nowMs`, some at a time: waiting for each of a million costs as much as reading it. */
export async function* loadGrants(db: Reader, nowMs: number): AsyncGenerator<Grant[]> {
  for (let after = ''; ; ) {
    const rows = await db
      .selectFrom('grants')
      .selectAll()
      .where('id', '>', after)
      .where((where) => where.or([where('ends_at', 'is', null), where('ends_at', '>', nowMs)]))
      .orderBy('id')
      .limit(1_000)
      .execute()
    yield rows.map(toGrant)
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.id
  }
}

let words = new Map<string, string>()

/** One string object for what stands in many rows: the engines make a new one for each. */
function one(text: string): string {
  const known = words.get(text)
  if (known !== undefined) return known
  if (words.size >= 5_000) words = new Map()
  words.set(text, text)
  return text
}

let granter: Grant['grantedBy'] = { type: '', name: '' }

/** One object for the grants that one granter made one after the other. */
function granterOf(row: Selectable<GrantTable>): Grant['grantedBy'] {
  const { granted_by_type: type, granted_by_id: id, granted_by_name: name } = row
  if (granter.type !== type || granter.name !== name || granter.id !== (id ?? undefined))
    granter = { type: one(type), name: one(name), ...(id !== null && { id: one(id) }) }
  return granter
}

function toGrant(row: Selectable<GrantTable>): Grant {
  return {
    id: row.id as GrantId,
    organizationId: (row.organization_id === null ? undefined : one(row.organization_id)) as OrganizationId | undefined,
    applicationId: (row.application_id === null ? undefined : one(row.application_id)) as ApplicationId | undefined,
    role: one(row.role),
    principal: { type: one(row.principal_type), id: row.principal_id },
    resource: { type: one(row.resource_type), id: row.resource_id },
    fromMs: row.starts_at,
    untilMs: row.ends_at ?? undefined,
    why: one(row.why),
    grantedBy: granterOf(row),
    createdAtMs: row.created_at,
  }
}
