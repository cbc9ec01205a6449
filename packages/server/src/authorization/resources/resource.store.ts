import { parseJson, stringifyJson } from '@gatehouse/cedar'
import type { Selectable } from 'kysely'
import type { ApplicationId, OrganizationId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import type { EntityJson, EntityUid } from '../entities/source.ts'

interface ResourceTable {
  organization_id: string
  application_id: string
  type: string
  id: string
  attrs: string
  parents: string
  tags: string | null
  changed_at: number
}

/** One row an application: its writers queue here, and its count is kept. */
interface ResourceSetTable {
  application_id: string
  organization_id: string
  total: number
  revision: number
}

declare module '#storage' {
  interface Tables {
    resources: ResourceTable
    resource_sets: ResourceSetTable
  }
}

export const resourceMigrations: readonly Migration[] = [
  {
    id: '0302_authorization_resources',
    sql: `create table resources (organization_id text not null, application_id text not null, type text not null, id text not null,
  attrs text not null, parents text not null, tags text, changed_at int8 not null,
  primary key (organization_id, application_id, type, id));
create index resources_by_application on resources (application_id, type, id);
create table resource_sets (application_id text primary key, organization_id text not null, total int8 not null,
  revision int8 not null)`,
  },
]

export interface StoredResource {
  readonly applicationId: ApplicationId
  readonly entity: EntityJson
}

/** Takes an application's resources for this transaction: another writer of the same ones waits, or is run again. */
export async function lockResources(tx: Tx, organizationId: OrganizationId, applicationId: ApplicationId) {
  return tx
    .insertInto('resource_sets')
    .values({ application_id: applicationId, organization_id: organizationId, total: 0, revision: 1 })
    .onConflict((conflict) =>
      conflict.column('application_id').doUpdateSet((set) => ({ revision: set('resource_sets.revision', '+', 1) })),
    )
    .returning(['total', 'revision'])
    .executeTakeFirstOrThrow()
}

export async function saveTotal(tx: Tx, applicationId: ApplicationId, total: number): Promise<void> {
  await tx.updateTable('resource_sets').set({ total }).where('application_id', '=', applicationId).execute()
}

/** Adds or replaces. */
export async function putResources(
  tx: Tx,
  organizationId: OrganizationId,
  applicationId: ApplicationId,
  entities: readonly EntityJson[],
  nowMs: number,
): Promise<void> {
  for (let at = 0; at < entities.length; at += 200) {
    await tx
      .insertInto('resources')
      .values(
        entities.slice(at, at + 200).map(({ uid, attrs, parents, tags }) => ({
          organization_id: organizationId,
          application_id: applicationId,
          type: uid.type,
          id: uid.id,
          attrs: stringifyJson(attrs),
          parents: JSON.stringify(parents),
          tags: tags === undefined ? null : stringifyJson(tags),
          changed_at: nowMs,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['organization_id', 'application_id', 'type', 'id']).doUpdateSet((set) => ({
          attrs: set.ref('excluded.attrs'),
          parents: set.ref('excluded.parents'),
          tags: set.ref('excluded.tags'),
          changed_at: set.ref('excluded.changed_at'),
        })),
      )
      .execute()
  }
}

export async function deleteResource(tx: Tx, applicationId: ApplicationId, uid: EntityUid): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('resources')
    .where('application_id', '=', applicationId)
    .where('type', '=', uid.type)
    .where('id', '=', uid.id)
    .executeTakeFirstOrThrow()
  return numDeletedRows === 1n
}

/** Deletes at most `limit` of an application's resources, and its set with the last; returns how many. */
export async function deleteResourcesOf(tx: Tx, applicationId: ApplicationId, limit: number): Promise<number> {
  const some = await listResources(tx, applicationId, { limit })
  for (const { uid } of some) await deleteResource(tx, applicationId, uid)
  if (some.length < limit) await tx.deleteFrom('resource_sets').where('application_id', '=', applicationId).execute()
  return some.length
}

/** Those of `uids` that exist. */
export async function findResources(
  db: Reader,
  applicationId: ApplicationId,
  uids: readonly EntityUid[],
): Promise<EntityJson[]> {
  const found: EntityJson[] = []
  const byType = Map.groupBy(uids, (uid) => uid.type)
  for (const [type, ofType] of byType) {
    for (let at = 0; at < ofType.length; at += 500) {
      const ids = ofType.slice(at, at + 500).map((uid) => uid.id)
      const rows = await db
        .selectFrom('resources')
        .selectAll()
        .where('application_id', '=', applicationId)
        .where('type', '=', type)
        .where('id', 'in', ids)
        .execute()
      for (const row of rows) found.push(toEntity(row))
    }
  }
  return found
}

/** An application's resources in the order of type and id, after `after`, at most `limit`. */
export async function listResources(
  db: Reader,
  applicationId: ApplicationId,
  options: { type?: string | undefined; after?: EntityUid | undefined; limit: number },
): Promise<EntityJson[]> {
  const { type, after, limit } = options
  let query = db.selectFrom('resources').selectAll().where('application_id', '=', applicationId)
  if (type !== undefined) query = query.where('type', '=', type)
  if (after !== undefined)
    query = query.where((where) =>
      where.or([
        where('type', '>', after.type),
        where.and([where('type', '=', after.type), where('id', '>', after.id)]),
      ]),
    )
  return (await query.orderBy('type').orderBy('id').limit(limit).execute()).map(toEntity)
}

/** Every resource of every application, streamed. */
export async function* loadResources(db: Reader): AsyncGenerator<StoredResource> {
  let after: { application_id: string; type: string; id: string } | undefined
  for (;;) {
    let query = db.selectFrom('resources').selectAll()
    const last = after
    if (last !== undefined)
      query = query.where((where) =>
        where(
          where.refTuple('application_id', 'type', 'id'),
          '>',
          where.tuple(last.application_id, last.type, last.id),
        ),
      )
    const rows = await query.orderBy('application_id').orderBy('type').orderBy('id').limit(2_000).execute()
    for (const row of rows) yield { applicationId: row.application_id as ApplicationId, entity: toEntity(row) }
    after = rows.at(-1)
    if (after === undefined) return
  }
}

function toEntity(row: Selectable<ResourceTable>): EntityJson {
  return {
    uid: { type: row.type, id: row.id },
    attrs: parseRecord(row.attrs),
    parents: JSON.parse(row.parents),
    ...(row.tags !== null && { tags: parseRecord(row.tags) }),
  }
}

// The exact reader is many times slower, and only integers beyond 2^53 need it.
const parseRecord = (text: string): Record<string, unknown> =>
  /\d{16}/.test(text) ? (parseJson(text) as Record<string, unknown>) : JSON.parse(text)
