import type { Selectable } from 'kysely'
import type { OrganizationId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import type { ApiKey, ApiKeyId, ApiKeyOwner } from './api-key.ts'

interface ApiKeyTable {
  id: string
  organization_id: string
  hash: string
  owner_id: string
  name: string
  /** What is only ever read and written together. */
  limits: string
  issued_at: number
  expires_at: number
  used_at: number | null
  revoked_at: number | null
  warned_days: number | null
}

declare module '#storage' {
  interface Tables {
    api_keys: ApiKeyTable
  }
}

export const apiKeyMigrations: readonly Migration[] = [
  {
    id: '0755_tokens_api_keys',
    sql: `create table api_keys (organization_id text not null, id text not null, hash text not null, owner_id text not null,
  name text not null, limits text not null, issued_at int8 not null, expires_at int8 not null, used_at int8, revoked_at int8,
  warned_days int8, primary key (organization_id, id));
create unique index api_keys_by_id on api_keys (id);
create unique index api_keys_by_hash on api_keys (hash);
create index api_keys_by_owner on api_keys (owner_id);
create index api_keys_by_end on api_keys (expires_at);`,
  },
]

export async function insertApiKey(tx: Tx, key: ApiKey, hash: string): Promise<void> {
  const { id, organizationId, owner, name, applications, scopes, acr, issuedAtMs, expiresAtMs } = key
  await tx
    .insertInto('api_keys')
    .values({
      id,
      organization_id: organizationId,
      hash,
      owner_id: owner,
      name,
      limits: JSON.stringify({ applications, scopes, acr }),
      issued_at: issuedAtMs,
      expires_at: expiresAtMs,
      used_at: null,
      revoked_at: null,
      warned_days: null,
    })
    .execute()
}

export interface HashedApiKey {
  readonly key: ApiKey
  readonly hash: string
}

export async function findApiKey(db: Reader, id: string): Promise<HashedApiKey | undefined> {
  const row = await db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst()
  return row && { key: toApiKey(row), hash: row.hash }
}

export async function findApiKeyByHash(db: Reader, hash: string): Promise<ApiKey | undefined> {
  const row = await db.selectFrom('api_keys').selectAll().where('hash', '=', hash).executeTakeFirst()
  return row && toApiKey(row)
}

/** Those in force after an id, in the order of ids: for loading all of them. */
export async function listLiveApiKeys(
  db: Reader,
  after: string,
  limit: number,
  nowMs: number,
): Promise<HashedApiKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('id', '>', after)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ key: toApiKey(row), hash: row.hash }))
}

export interface ApiKeyFilter {
  /** Only of these; undefined for all. */
  readonly organizationIds?: readonly OrganizationId[] | undefined
  readonly owner?: ApiKeyOwner | undefined
  /** Only those neither revoked nor expired at this moment. */
  readonly liveAtMs?: number | undefined
}

/** In the order of ids, which is that of their making. */
export async function listApiKeys(db: Reader, filter: ApiKeyFilter, after: string, limit: number): Promise<ApiKey[]> {
  let query = db.selectFrom('api_keys').selectAll().where('id', '>', after).orderBy('id').limit(limit)
  if (filter.organizationIds !== undefined) {
    if (filter.organizationIds.length === 0) return []
    query = query.where('organization_id', 'in', filter.organizationIds)
  }
  if (filter.owner !== undefined) query = query.where('owner_id', '=', filter.owner)
  if (filter.liveAtMs !== undefined)
    query = query.where('revoked_at', 'is', null).where('expires_at', '>', filter.liveAtMs)
  return (await query.execute()).map(toApiKey)
}

export async function countLiveApiKeys(db: Reader, owner: ApiKeyOwner, nowMs: number): Promise<number> {
  const { count } = await db
    .selectFrom('api_keys')
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('owner_id', '=', owner)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** @returns false when it was revoked before, or is unknown */
export async function markRevoked(tx: Tx, id: string, atMs: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('api_keys')
    .set({ revoked_at: atMs })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

/** Notes the last use of a key, where none is noted that is later. */
export async function markUsed(tx: Tx, id: string, atMs: number): Promise<void> {
  await tx
    .updateTable('api_keys')
    .set({ used_at: atMs })
    .where('id', '=', id)
    .where((is) => is.or([is('used_at', 'is', null), is('used_at', '<', atMs)]))
    .execute()
}

/** Live keys that end before `endsBeforeMs` and of whose end nobody was told by fewer days than `days`. */
export async function listEnding(db: Reader, nowMs: number, endsBeforeMs: number, days: number): Promise<ApiKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .where('expires_at', '<=', endsBeforeMs)
    .where((is) => is.or([is('warned_days', 'is', null), is('warned_days', '>', days)]))
    .orderBy('expires_at')
    .limit(200)
    .execute()
  return rows.map(toApiKey)
}

/** @returns false when another node was first */
export async function markWarned(tx: Tx, id: string, days: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('api_keys')
    .set({ warned_days: days })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where((is) => is.or([is('warned_days', 'is', null), is('warned_days', '>', days)]))
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

/** Deletes at most a thousand that ended before `beforeMs`: their events keep what there was. */
export async function deleteEndedApiKeys(tx: Tx, beforeMs: number): Promise<void> {
  await tx
    .deleteFrom('api_keys')
    .where('id', 'in', (of) =>
      of
        .selectFrom('api_keys')
        .select('id')
        .where((is) => is.or([is('expires_at', '<', beforeMs), is('revoked_at', '<', beforeMs)]))
        .limit(1_000),
    )
    .execute()
}

function toApiKey(row: Selectable<ApiKeyTable>): ApiKey {
  const { applications, scopes, acr } = JSON.parse(row.limits)
  return {
    id: row.id as ApiKeyId,
    organizationId: row.organization_id as OrganizationId,
    owner: row.owner_id as ApiKeyOwner,
    name: row.name,
    applications,
    scopes,
    acr,
    issuedAtMs: row.issued_at,
    expiresAtMs: row.expires_at,
    usedAtMs: row.used_at ?? undefined,
    revokedAtMs: row.revoked_at ?? undefined,
  }
}
