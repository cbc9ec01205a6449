import type { Selectable } from 'kysely'
import type { Migration, Reader, Tx } from '#storage'

/** Something that a client is to be told by a request to it, kept until it has been told or it is too late. */
export interface Notice {
  /** Hash of what it is about: the same notice twice is one. */
  readonly id: string
  readonly kind: 'logout' | 'ciba_ping'
  readonly clientId: string
  /** What the request is made of; sealed where it is secret. */
  readonly detail: string
  readonly attempts: number
  readonly nextAtMs: number
  readonly untilMs: number
}

interface NoticeTable {
  id: string
  kind: string
  client_id: string
  detail: string
  attempts: number
  next_at: number
  until: number
}

declare module '#storage' {
  interface Tables {
    client_notices: NoticeTable
  }
}

export const noticeMigrations: readonly Migration[] = [
  {
    id: '0710_tokens_notices',
    sql: `create table client_notices (id text not null primary key, kind text not null, client_id text not null,
  detail text not null, attempts int8 not null, next_at int8 not null, until int8 not null);
create index client_notices_by_time on client_notices (next_at);`,
  },
]

export async function addNotice(tx: Tx, notice: Omit<Notice, 'attempts'>): Promise<void> {
  const { id, kind, clientId, detail, nextAtMs, untilMs } = notice
  await tx
    .insertInto('client_notices')
    .values({ id, kind, client_id: clientId, detail, attempts: 0, next_at: nextAtMs, until: untilMs })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
}

export async function listDueNotices(db: Reader, nowMs: number, limit: number): Promise<Notice[]> {
  const query = db
    .selectFrom('client_notices')
    .selectAll()
    .where('next_at', '<=', nowMs)
    .orderBy('next_at')
    .limit(limit)
  return (await query.execute()).map(toNotice)
}

/** @returns false when another node has taken it in the meantime */
export async function takeNotice(tx: Tx, notice: Notice, nextAtMs: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('client_notices')
    .set({ attempts: notice.attempts + 1, next_at: nextAtMs })
    .where('id', '=', notice.id)
    .where('attempts', '=', notice.attempts)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

export async function deleteNotice(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('client_notices').where('id', '=', id).execute()
}

function toNotice(row: Selectable<NoticeTable>): Notice {
  return {
    id: row.id,
    kind: row.kind as Notice['kind'],
    clientId: row.client_id,
    detail: row.detail,
    attempts: row.attempts,
    nextAtMs: row.next_at,
    untilMs: row.until,
  }
}
