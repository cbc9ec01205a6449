import { CompiledQuery, sql } from 'kysely'
import type { EngineName, Migration, Reader, SnapshotViews, Storage, Tx } from '#storage'

interface IndexStateTable {
  one: number
  /** Newest position whose words are in the index. */
  position: number
}

/** First and last position of each minute, so that a time becomes a range of positions. */
interface MinuteTable {
  minute: number
  first: number
  last: number
}

declare module '#storage' {
  interface Tables {
    audit_index: IndexStateTable
    audit_minutes: MinuteTable
  }
}

const shared = `create table audit_index (one int8 primary key, position int8 not null);
create table audit_minutes (minute int8 primary key, first int8 not null, last int8 not null);`

export const searchMigrations: readonly Migration[] = [
  {
    id: '1103_audit_search',
    only: 'sqlite',
    sql: `${shared}
create virtual table audit_words using fts5(words, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 2');`,
  },
  {
    id: '1103_audit_search_words',
    only: 'postgres',
    sql: `${shared}
create table audit_words (position int8 primary key, words tsvector not null);
create index audit_words_by_word on audit_words using gin (words);`,
  },
]

/** The index is made anew from the events: no backup holds it. */
export const auditViews: SnapshotViews = Object.fromEntries(
  [
    'audit_index',
    'audit_minutes',
    'audit_words',
    ...['data', 'idx', 'docsize', 'config'].map((end) => `audit_words_${end}`),
  ].map((name) => [name, { skip: true }]),
)

export async function findIndexed(db: Reader): Promise<number> {
  const row = await db.selectFrom('audit_index').select('position').where('one', '=', 1).executeTakeFirst()
  return row?.position ?? 0
}

/** Adds the words of events in one step with the index's own position. @returns false when another node was faster */
export async function addToIndex(
  tx: Tx,
  engine: EngineName,
  from: number,
  entries: readonly { position: number; atMs: number; words: string }[],
): Promise<boolean> {
  const to = entries.at(-1)?.position ?? from
  await tx
    .insertInto('audit_index')
    .values({ one: 1, position: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const moved = await tx
    .updateTable('audit_index')
    .set({ position: to })
    .where('one', '=', 1)
    .where('position', '=', from)
    .executeTakeFirst()
  if (moved.numUpdatedRows !== 1n) return false
  await insertWords(tx, engine, entries)
  const minutes = new Map<number, { first: number; last: number }>()
  for (const { position, atMs } of entries) {
    const minute = Math.floor(atMs / 60_000)
    const known = minutes.get(minute)
    minutes.set(minute, { first: known?.first ?? position, last: position })
  }
  for (const [minute, { first, last }] of minutes)
    await tx
      .insertInto('audit_minutes')
      .values({ minute, first, last })
      .onConflict((conflict) => conflict.column('minute').doUpdateSet({ last }))
      .execute()
  return true
}

/** Bound, not built, for each event: the index keeps up with the feed. */
async function insertWords(
  tx: Tx,
  engine: EngineName,
  entries: readonly { position: number; words: string }[],
): Promise<void> {
  const executor = tx.getExecutor()
  if (engine === 'sqlite') {
    const text = 'insert into audit_words (rowid, words) values (?, ?)'
    for (const { position, words } of entries) await executor.executeQuery(CompiledQuery.raw(text, [position, words]))
    return
  }
  const text = `insert into audit_words (position, words) select position, array_to_tsvector(string_to_array(words, ' '))
    from unnest($1::int8[], $2::text[]) as entry (position, words)`
  const columns = [entries.map(({ position }) => position), entries.map(({ words }) => words)]
  await executor.executeQuery(CompiledQuery.raw(text, columns))
}

/** Takes events out of the index. */
export async function removeFromIndex(tx: Tx, engine: EngineName, positions: readonly number[]): Promise<void> {
  for (const position of positions) {
    const remove =
      engine === 'sqlite'
        ? sql`delete from audit_words where rowid = ${position}`
        : sql`delete from audit_words where position = ${position}`
    await remove.execute(tx as never)
  }
}

/**
 * Has FTS5 leave merging to us (`automerge`, `crisismerge`, sqlite.org/fts5.html 6.7): by itself it would merge hundreds of pages at once
 * while everybody waits, up to 30 ms at 200,000 events.
 */
export async function mergeByHand(storage: Storage): Promise<void> {
  if (storage.engine !== 'sqlite') return
  await storage.transact(
    async (tx) => {
      await sql`insert into audit_words (audit_words, rank) values ('automerge', 0)`.execute(tx as never)
      await sql`insert into audit_words (audit_words, rank) values ('crisismerge', 1000)`.execute(tx as never)
    },
    { lazily: true },
  )
}

/** Pages that follow each small batch: more than it adds at all levels together, and about half a millisecond. */
const pagesAfterBatch = 8

/** Merges a little, so that a search meets few pieces of the index. */
export async function mergeALittle(storage: Storage): Promise<void> {
  if (storage.engine !== 'sqlite') return
  await storage.transact(
    (tx) => sql`insert into audit_words (audit_words, rank) values ('merge', ${pagesAfterBatch})`.execute(tx as never),
    { lazily: true },
  )
}

/** Pages of the index that one step rewrites: writers get their turn in between. */
const pagesAtOnce = 2_000

/**
 * Rewrites the index, so that words of removed events leave the disk: many short steps, not one that holds up every writer
 * (FTS5's `merge`, sqlite.org/fts5.html 6.8).
 */
export async function mergeIndex(storage: Storage): Promise<void> {
  if (storage.engine !== 'sqlite') return
  for (let pages = -pagesAtOnce; ; pages = pagesAtOnce) {
    const changed = await storage.transact(async (tx) => {
      const total = async () =>
        (await sql<{ n: number }>`select total_changes() as n`.execute(tx as never)).rows[0]?.n as number
      const before = await total()
      await sql`insert into audit_words (audit_words, rank) values ('merge', ${pages})`.execute(tx as never)
      return (await total()) - before
    })
    // Fewer than two changes: nothing was left to merge.
    if (changed < 2) return
  }
}

/** The last position that was written in a minute before this time; 0 for none. */
export async function lastBefore(db: Reader, beforeMs: number): Promise<number> {
  const row = await db
    .selectFrom('audit_minutes')
    .select((e) => e.fn.max('last').as('last'))
    .where('minute', '<', Math.floor(beforeMs / 60_000))
    .executeTakeFirst()
  return Number(row?.last ?? 0)
}

/** The positions between which everything of a time lies; undefined for none. A clock that was put back widens it. */
export async function rangeOfTime(
  db: Reader,
  fromMs: number | undefined,
  untilMs: number | undefined,
): Promise<{ first: number; last: number } | undefined> {
  let query = db.selectFrom('audit_minutes').select((e) => [e.fn.min('first').as('first'), e.fn.max('last').as('last')])
  if (fromMs !== undefined) query = query.where('minute', '>=', Math.floor(fromMs / 60_000))
  if (untilMs !== undefined) query = query.where('minute', '<=', Math.floor(untilMs / 60_000))
  const row = await query.executeTakeFirst()
  return row === undefined || row.first === null || row.last === null
    ? undefined
    : { first: Number(row.first), last: Number(row.last) }
}

/**
 * Positions whose events have all the words, in order, at most `limit`.
 * @param words as `wordsOf` and `filterWord` make them: letters and digits only; a star at the end stands for any ending
 */
export async function findPositions(
  db: Reader,
  engine: EngineName,
  words: readonly string[],
  range: { first: number; last: number; order: 'newest' | 'oldest' },
  limit: number,
): Promise<number[]> {
  if (engine === 'postgres') return findInWindows(db, words, range, limit)
  const order = sql.raw(range.order === 'newest' ? 'desc' : 'asc')
  const match = words.map((word) => `"${bare(word)}"${isStarred(word) ? '*' : ''}`).join(' AND ')
  const query = sql<{ position: number }>`select rowid as position from audit_words where audit_words match ${match}
    and rowid between ${range.first} and ${range.last} order by rowid ${order} limit ${limit}`
  return (await query.execute(db as never)).rows.map((row) => Number(row.position))
}

const isStarred = (word: string) => word.endsWith('*')
const bare = (word: string) => word.replace(/\*$/, '')

/** Entries from the end that is asked for, window after window; the rest is the last. */
const windows = [20_000, 400_000, Number.POSITIVE_INFINITY]

/**
 * PostgreSQL cannot give the newest of many matches from GIN without reading them all, nor walk the table without meeting
 * millions that do not match; which of the two is cheap depends on how common the words are together. Near the end whatever is
 * common is found at once; what is not found there is rare, and GIN has little of it to give.
 */
async function findInWindows(
  db: Reader,
  words: readonly string[],
  range: { first: number; last: number; order: 'newest' | 'oldest' },
  limit: number,
): Promise<number[]> {
  const newest = range.order === 'newest'
  const order = sql.raw(newest ? 'desc' : 'asc')
  const match = words.map((word) => `'${bare(word)}'${isStarred(word) ? ':*' : ''}`).join(' & ')
  const found: number[] = []
  let { first, last } = range
  for (const width of windows) {
    if (first > last || found.length >= limit) break
    const from = newest ? Math.max(first, last - width + 1) : first
    const to = newest ? last : Math.min(last, first + width - 1)
    const matching = sql`select position from audit_words where words @@ ${match}::tsquery and position between ${from} and ${to}`
    const ordered = sql`order by position ${order} limit ${limit - found.length}`
    // In a narrow window either plan is cheap; in a wide one `offset 0` keeps the order out of the choice between table and index.
    const query =
      width === windows[0]
        ? sql<{ position: number }>`${matching} ${ordered}`
        : sql<{ position: number }>`select position from (${matching} offset 0) as matching ${ordered}`
    found.push(...(await query.execute(db as never)).rows.map((row) => Number(row.position)))
    if (newest) last = from - 1
    else first = to + 1
  }
  return found
}
