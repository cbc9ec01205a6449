import type { Selectable } from 'kysely'
import { idsWithin } from '#directory'
import type { OrganizationId } from '#kernel'
import { type Migration, type Reader, repeatedChange, repeatedInsert, repeatedRead, type Tx } from '#storage'
import { insertStatusEntry } from '../status-lists/status-entry.store.ts'
import type { Artifact } from './artifact.ts'

interface ArtifactTable {
  id: string
  kind: string
  client_id: string | null
  subject: string | null
  grant_id: string | null
  session_id: string | null
  payload: string
  issued_at: number
  expires_at: number
  consumed_at: number | null
}

declare module '#storage' {
  interface Tables {
    token_artifacts: ArtifactTable
  }
}

export const artifactMigrations: readonly Migration[] = [
  {
    id: '0700_tokens_artifacts',
    sql: `create table token_artifacts (id text primary key, kind text not null, client_id text, subject text, grant_id text,
  session_id text, payload text not null, issued_at int8 not null, expires_at int8 not null, consumed_at int8);
create index token_artifacts_by_expiry on token_artifacts (expires_at);
create index token_artifacts_by_grant on token_artifacts (grant_id) where grant_id is not null;
create index token_artifacts_by_subject on token_artifacts (subject) where subject is not null;
create index token_artifacts_by_session on token_artifacts (session_id) where session_id is not null;
create index token_artifacts_by_client on token_artifacts (client_id) where grant_id is not null;`,
  },
]

export async function findArtifact(db: Reader, id: string, nowMs: number): Promise<Artifact | undefined> {
  const [row] = await select(db, id)
  return row === undefined || row.expires_at <= nowMs ? undefined : toArtifact(row)
}
const select = repeatedRead((db) => db.selectFrom('token_artifacts').selectAll().where('id', '=', ''))

/** Whether there is one that has not ended; reads the key alone. */
export async function hasArtifact(db: Reader, id: string, nowMs: number): Promise<boolean> {
  const query = db.selectFrom('token_artifacts').select('id').where('id', '=', id).where('expires_at', '>', nowMs)
  return (await query.executeTakeFirst()) !== undefined
}

/** What waits for this person's answer: at most fifty, the oldest first. */
export async function listWaiting(db: Reader, kind: string, userId: string, nowMs: number): Promise<Artifact[]> {
  const query = db
    .selectFrom('token_artifacts')
    .selectAll()
    .where('subject', '=', userId)
    .where('kind', '=', kind)
    .where('expires_at', '>', nowMs)
    .where('consumed_at', 'is', null)
    .orderBy('issued_at')
    .limit(50)
  return (await query.execute()).map(toArtifact)
}

/** Writes an artifact, over an older version of itself; what was consumed stays consumed. */
export async function putArtifact(tx: Tx, artifact: Artifact): Promise<void> {
  const row = toRow(artifact)
  await tx
    .insertInto('token_artifacts')
    .values(row)
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({
        client_id: row.client_id,
        subject: row.subject,
        grant_id: row.grant_id,
        session_id: row.session_id,
        payload: row.payload,
        expires_at: row.expires_at,
      }),
    )
    .execute()
}

/** Writes an artifact that nobody can have written before; a second one with its id is a bug and throws. */
export async function insertArtifact(tx: Tx, artifact: Artifact): Promise<void> {
  await insert(tx, toRow(artifact))
  await keepStatus(tx, artifact)
}
const insert = repeatedInsert('token_artifacts')

/** @returns false when one with this id exists: it was used before */
export async function insertUnique(tx: Tx, artifact: Artifact): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('token_artifacts')
    .values(toRow(artifact))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows !== 1n) return false
  await keepStatus(tx, artifact)
  return true
}

/** INVARIANT: no token leaves whose place in a status list is not committed with it. */
async function keepStatus(tx: Tx, { status, ...artifact }: Artifact): Promise<void> {
  if (status === undefined) return
  const { id, clientId, subject, grantId, sessionId, issuedAtMs, expiresAtMs } = artifact
  const { list, index, organizationId, actors = [], sources } = status
  const entry = {
    index,
    token: id,
    principals: [subject, clientId, ...actors].filter((one) => one !== undefined),
    issuedAtMs,
    ...(grantId !== undefined && { grantId }),
    ...(sessionId !== undefined && { sessionId }),
    ...(organizationId !== undefined && { organizationId }),
    ...(sources !== undefined && { sources }),
  }
  await insertStatusEntry(tx, list, entry, expiresAtMs)
}

/**
 * Uses up an artifact once. With `graceMs`, one that was used up less than that ago counts as used now: its moment stays.
 * @returns false: gone, or used up before
 */
export async function consumeArtifact(tx: Tx, id: string, nowMs: number, graceMs: number): Promise<boolean> {
  if ((await consume(tx, nowMs, id)) === 1) return true
  if (graceMs === 0) return false
  const row = await tx.selectFrom('token_artifacts').select('consumed_at').where('id', '=', id).executeTakeFirst()
  return row !== undefined && row.consumed_at !== null && row.consumed_at + graceMs > nowMs
}
const consume = repeatedChange((tx: Tx) =>
  tx.updateTable('token_artifacts').set({ consumed_at: 0 }).where('id', '=', '').where('consumed_at', 'is', null),
)

export async function deleteArtifact(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('token_artifacts').where('id', '=', id).execute()
}

/** One of what hangs on a grant. */
export async function findArtifactOfGrant(db: Reader, grantId: string): Promise<Artifact | undefined> {
  const row = await db.selectFrom('token_artifacts').selectAll().where('grant_id', '=', grantId).executeTakeFirst()
  return row && toArtifact(row)
}

/** Grants that applications have of a person now, each once. */
export async function listGrantsOfPerson(db: Reader, subject: string, nowMs: number, clientId?: string) {
  let query = db
    .selectFrom('token_artifacts')
    .select(['grant_id', 'client_id'])
    .distinct()
    .where('subject', '=', subject)
    .where('grant_id', 'is not', null)
    .where('client_id', 'is not', null)
    .where('expires_at', '>', nowMs)
  if (clientId !== undefined) query = query.where('client_id', '=', clientId)
  const rows = await query.execute()
  return rows.map((row) => ({ grantId: row.grant_id as string, clientId: row.client_id as string }))
}

type Binding =
  | { grantId: string }
  | { subject: string }
  | { sessionId: string }
  | { clientId: string }
  | { organizationId: OrganizationId }

/** Deletes what hangs on a grant, a person, a session, a client or whoever is in an organization, of the given kinds or of all. @returns how many */
export async function deleteArtifactsOf(tx: Tx, binding: Binding, kinds?: readonly string[]): Promise<number> {
  let query = tx.deleteFrom('token_artifacts')
  if ('grantId' in binding) query = query.where('grant_id', '=', binding.grantId)
  else if ('subject' in binding) query = query.where('subject', '=', binding.subject)
  else if ('sessionId' in binding) query = query.where('session_id', '=', binding.sessionId)
  else if ('organizationId' in binding) {
    const { users, machines, applications } = idsWithin(tx, binding.organizationId)
    query = query.where((is) =>
      is.or([
        is('subject', 'in', users),
        is.and([
          is('grant_id', 'is not', null),
          is.or([is('client_id', 'in', applications), is('client_id', 'in', machines)]),
        ]),
      ]),
    )
  } else query = query.where('client_id', '=', binding.clientId).where('grant_id', 'is not', null)
  if (kinds !== undefined) query = query.where('kind', 'in', [...kinds])
  return Number((await query.executeTakeFirstOrThrow()).numDeletedRows)
}

/** Deletes everything that was issued. @returns how many */
export async function endEveryToken(tx: Tx): Promise<number> {
  return Number((await tx.deleteFrom('token_artifacts').executeTakeFirstOrThrow()).numDeletedRows)
}

/** Deletes at most `limit` artifacts that ended before `beforeMs`. @returns how many */
export async function deleteExpired(tx: Tx, beforeMs: number, limit: number): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('token_artifacts')
    .where('id', 'in', (select) =>
      select
        .selectFrom('token_artifacts')
        .select('id')
        .where('expires_at', '<', beforeMs)
        .orderBy('expires_at')
        .limit(limit),
    )
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

function toRow(artifact: Artifact): ArtifactTable {
  return {
    id: artifact.id,
    kind: artifact.kind,
    client_id: artifact.clientId ?? null,
    subject: artifact.subject ?? null,
    grant_id: artifact.grantId ?? null,
    session_id: artifact.sessionId ?? null,
    payload: JSON.stringify(artifact.payload),
    issued_at: artifact.issuedAtMs,
    expires_at: artifact.expiresAtMs,
    consumed_at: artifact.consumedAtMs ?? null,
  }
}

function toArtifact(row: Selectable<ArtifactTable>): Artifact {
  return {
    id: row.id,
    kind: row.kind,
    clientId: row.client_id ?? undefined,
    subject: row.subject ?? undefined,
    grantId: row.grant_id ?? undefined,
    sessionId: row.session_id ?? undefined,
    payload: JSON.parse(row.payload),
    issuedAtMs: row.issued_at,
    expiresAtMs: row.expires_at,
    consumedAtMs: row.consumed_at ?? undefined,
  }
}
