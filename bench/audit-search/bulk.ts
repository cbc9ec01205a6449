// Fills the SQLite file ten times as fast as events come: rows are bound, not built, the feed's indexes are made when all rows are
// there, and the index of words gets them in large pieces. Tables, indexes and words are the product's.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { filterWord, indexWords, wordsOf } from '../../packages/server/src/audit/search/words.ts'
import { beganAtMs, eventAt, everyMs, toEventRow, typeOf, words } from './fill.ts'

/** Events of one transaction: what a kill loses. */
const batch = 50_000
/** Bytes of words that the index gathers before it writes; the product leaves it at the usual 1 MiB. */
const gathered = 64 * 1_024 * 1_024
const usualGathered = 1_048_576

/** Writes events up to `last` after those that are there, and makes what is missing of the indexes. */
export function fillInBulk(file: string, last: number, onProgress: (done: number) => void): void {
  compareWithProduct()
  const database = new DatabaseSync(file)
  try {
    // A kill loses the newest batch; only the machine's own end could do more harm, and then the file is made anew.
    database.exec(
      'pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -400000; pragma wal_autocheckpoint = 50000; pragma temp_store = memory',
    )
    database.exec('create table if not exists bench_indexes (name text primary key, sql text not null)')
    database.exec(`insert or ignore into bench_indexes select name, sql from sqlite_schema
      where type = 'index' and tbl_name = 'events' and sql is not null`)
    const indexes = database.prepare('select name, sql from bench_indexes').all() as { name: string; sql: string }[]
    const begin = Number(database.prepare('select max(position) as position from events').get()?.position ?? 0)
    if (begin < last) {
      for (const { name } of indexes) database.exec(`drop index if exists ${name}`)
      database.exec(`insert into audit_words (audit_words, rank) values ('hashsize', ${gathered})`)
      for (let first = begin + 1; first <= last; first += batch) {
        writeBatch(database, first, Math.min(last, first + batch - 1))
        if ((first - 1) % 1_000_000 < batch) onProgress(first - 1)
      }
      database.exec(`insert into audit_words (audit_words, rank) values ('hashsize', ${usualGathered})`)
    }
    for (const { name, sql } of indexes) {
      if (database.prepare('select 1 from sqlite_schema where name = ?').get(name) === undefined) database.exec(sql)
    }
    database.exec('drop table bench_indexes; pragma wal_checkpoint(truncate)')
  } finally {
    database.close()
  }
}

const statements = new WeakMap<DatabaseSync, Record<'event' | 'words' | 'minute' | 'index', StatementSync>>()

function prepare(database: DatabaseSync) {
  let ready = statements.get(database)
  if (ready === undefined) {
    const columns = Object.keys(toEventRow(eventAt(1)))
    ready = {
      event: database.prepare(
        `insert into events (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
      ),
      words: database.prepare('insert into audit_words (rowid, words) values (?, ?)'),
      minute: database.prepare(
        'insert into audit_minutes (minute, first, last) values (?, ?, ?) on conflict (minute) do update set last = excluded.last',
      ),
      index: database.prepare(
        'insert into audit_index (one, position) values (1, ?) on conflict (one) do update set position = excluded.position',
      ),
    }
    statements.set(database, ready)
  }
  return ready
}

function writeBatch(database: DatabaseSync, first: number, last: number): void {
  const { event, words: indexed, minute, index } = prepare(database)
  database.exec('begin immediate')
  let began = first
  for (let position = first; position <= last; position++) {
    event.run(...(rowAt(position) as never[]))
    indexed.run(position, wordsAt(position))
    if (position === last || minuteOf(position + 1) !== minuteOf(position)) {
      minute.run(minuteOf(position), began, position)
      began = position + 1
    }
  }
  index.run(last)
  database.exec('commit')
}

const minuteOf = (position: number) => Math.floor((beganAtMs + position * everyMs) / 60_000)

/** The members of `toEventRow(eventAt(position))` in their order, without making the event. */
function rowAt(position: number): unknown[] {
  const { mixed, person, document, name, reason, trace } = partsAt(position)
  return [
    position,
    typeOf(mixed),
    beganAtMs + position * everyMs,
    organizationIds[person % organizationIds.length],
    'Document',
    `doc_${document}`,
    name,
    1,
    outcomeOf(mixed),
    'user',
    personIds[person],
    personNames[person],
    requestOf(position),
    `sess_${String(mixed % 200_000).padStart(26, '0')}`,
    addressOf(person, mixed),
    `{"methods":["webauthn"],"reason":"${reason}","serial":"n${position}"}`,
    null,
    `{"traceId":"${trace}"}`,
    null,
  ]
}

const organizationIds = Array.from({ length: 500 }, (_, at) => `org_${String(at).padStart(26, '0')}`)
const personIds = Array.from({ length: 20_000 }, (_, at) => `user_${String(at).padStart(26, '0')}`)
const personNames = Array.from({ length: 20_000 }, (_, at) => `person${at}@example.com`)
const requestOf = (position: number) => `req_${position.toString(36).padStart(12, '0')}`
const addressOf = (person: number, mixed: number) => `198.51.${person % 100}.${mixed % 256}`
const outcomeOf = (mixed: number) => (mixed % 50 === 0 ? 'denied' : mixed % 31 === 0 ? 'failure' : 'success')

function partsAt(position: number) {
  const mixed = Math.imul(position, 2_654_435_761) >>> 0
  const person = mixed % 20_000
  const document = (mixed >>> 3) % 1_000_000
  return {
    mixed,
    person,
    document,
    name: `${words[mixed % 7]} ${document % 5_000}`,
    reason: `${words[mixed % 10]} ${words[(mixed >>> 5) % 10]} ${position % 100_003 === 7 ? 'hapaxlegomenon' : ''}`,
    trace: (mixed * 4_294_967_296).toString(16).padStart(32, '0'),
  }
}

/** What is the same for all events of somebody, of a type, of a document or its name: made once. */
const known = new Map<string, string>()
function once(key: string, make: () => string): string {
  let value = known.get(key)
  if (value === undefined) {
    value = make()
    known.set(key, value)
  }
  return value
}

const ofPerson: string[] = []
const ofDocument: string[] = []

/** The words of `indexWords(eventAt(position))`, in another order. */
function wordsAt(position: number): string {
  const { mixed, person, document, name, reason, trace } = partsAt(position)
  const type = typeOf(mixed)
  const outcome = outcomeOf(mixed)
  ofPerson[person] ??= [
    filterWord('actor', personIds[person] as string),
    filterWord('actor', personNames[person] as string),
    filterWord('organization', organizationIds[person % organizationIds.length] as string),
    ...wordsOf(personNames[person] as string),
  ].join(' ')
  ofDocument[document] ??= filterWord('target', `doc_${document}`)
  const ofName = once(name, () => filterWord('target', name))
  const ofType = once(type, () =>
    [
      filterWord('action', type),
      filterWord('action', `${type.slice(0, type.indexOf('.'))}.*`),
      'document',
      'doc',
      'webauthn',
      ...wordsOf(type),
    ].join(' '),
  )
  const texts = `${reason} ${name} ${document} 198 51 ${person % 100} ${mixed % 256}`
  const told = new Set(texts.split(' '))
  told.delete('')
  let all = `${ofPerson[person]} ${ofDocument[document]} ${ofName} ${filterWord('request', requestOf(position))} ${ofType} ${filterWord('outcome', outcome)} ${trace} n${position}`
  for (const word of told) all += ` ${word}`
  return all
}

/** @throws when a row or its words are not what the product would write */
function compareWithProduct(): void {
  for (let sample = 1; sample <= 2_000; sample++) {
    const position = sample * 4_999 + 7
    const event = eventAt(position)
    const [own, theirs] = [rowAt(position), Object.values(toEventRow(event))]
    const [mine, product] = [wordsAt(position).split(' ').sort(), indexWords(event).split(' ').sort()]
    if (JSON.stringify([own, mine]) !== JSON.stringify([theirs, product]))
      throw new Error(
        `event ${position} is not as the product writes it: ${JSON.stringify([own, mine, theirs, product])}`,
      )
  }
}
