import { type Migration, type Reader, repeatedInsert, type Tx } from '#storage'

/** A token's place in a status list, and what it hangs on. */
export interface StatusPlace {
  readonly list: string
  readonly index: number
  /** Of the subject. */
  readonly organizationId?: string | undefined
  readonly actors?: readonly string[]
  readonly sources?: readonly string[] | undefined
}

interface StatusEntryTable {
  list_id: string
  idx: number
  token: string
  /** What it hangs on, as JSON: read as one. */
  hangs_on: string
  issued_at: number
  expires_at: number
}

declare module '#storage' {
  interface Tables {
    status_entries: StatusEntryTable
  }
}

export const statusMigrations: readonly Migration[] = [
  {
    id: '0760_tokens_status_lists',
    sql: `create table status_entries (list_id text not null, idx int8 not null, token text not null, hangs_on text not null,
  issued_at int8 not null, expires_at int8 not null, primary key (list_id, idx));
create index status_entries_by_end on status_entries (expires_at);`,
  },
]

export interface StatusEntry {
  readonly index: number
  readonly token: string
  readonly principals: readonly string[]
  readonly grantId?: string
  readonly sessionId?: string
  readonly organizationId?: string
  readonly sources?: readonly string[]
  readonly issuedAtMs: number
}

const insert = repeatedInsert('status_entries')

export async function insertStatusEntry(
  tx: Tx,
  list: string,
  { index, token, issuedAtMs, ...hangsOn }: StatusEntry,
  expiresAtMs: number,
): Promise<void> {
  await insert(tx, {
    list_id: list,
    idx: index,
    token,
    hangs_on: JSON.stringify(hangsOn),
    issued_at: issuedAtMs,
    expires_at: expiresAtMs,
  })
}

/** The entries of a list whose tokens have not ended; undefined when there is no such list. */
export async function readStatusList(db: Reader, list: string, nowMs: number): Promise<StatusEntry[] | undefined> {
  const rows = await db
    .selectFrom('status_entries')
    .select(['idx', 'token', 'hangs_on', 'issued_at'])
    .where('list_id', '=', list)
    .where('expires_at', '>', nowMs)
    .execute()
  if (rows.length === 0) {
    const any = await db.selectFrom('status_entries').select('idx').where('list_id', '=', list).executeTakeFirst()
    return any && []
  }
  return rows.map((row) => ({
    ...JSON.parse(row.hangs_on),
    index: row.idx,
    token: row.token,
    issuedAtMs: row.issued_at,
  }))
}

/** @returns how many */
export async function deleteEndedStatusEntries(tx: Tx, beforeMs: number, limit: number): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('status_entries')
    .where((is) =>
      is(
        is.refTuple('list_id', 'idx'),
        'in',
        is
          .selectFrom('status_entries')
          .select(['list_id', 'idx'])
          .where('expires_at', '<', beforeMs)
          .orderBy('expires_at')
          .limit(limit)
          .$asTuple('list_id', 'idx'),
      ),
    )
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}
