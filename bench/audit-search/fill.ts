// Fills feed and index with a made-up company's log, without the rest of the server: rows as `record` writes them, words as the index has them.
import { sql } from 'kysely'
import { addToIndex } from '../../packages/server/src/audit/search/index.store.ts'
import { indexWords } from '../../packages/server/src/audit/search/words.ts'
import type { FeedEvent } from '../../packages/server/src/feed/index.ts'
import type { Storage, Tx } from '../../packages/server/src/storage/index.ts'

const types = [
  'authentication.signed_in',
  'authorization.decided',
  'tokens.token_issued',
  'directory.user_updated',
  'authentication.rejected',
  'directory.group_members_added',
  'authorization.grant_created',
  'directory.user_invited',
]
export const words = [
  'quarterly',
  'review',
  'budget',
  'plan',
  'access',
  'incident',
  'onboarding',
  'rotation',
  'vendor',
  'audit',
]
export const organizations = 500
export const people = 20_000
export const beganAtMs = 1_700_000_000_000
/** Between two events: ten million are a year. */
export const everyMs = 3_154

export const organizationOf = (number: number) => `org_${String(number % organizations).padStart(26, '0')}`
export const personOf = (number: number) => `user_${String(number % people).padStart(26, '0')}`

/** The type of an event by its mixed number. */
export const typeOf = (mixed: number) => types[Math.min(mixed % 17, types.length - 1)] as string

/** The nth event: always the same. Numbers are mixed, so that neighbours have little in common. */
export function eventAt(position: number): FeedEvent {
  const mixed = Math.imul(position, 2_654_435_761) >>> 0
  const person = mixed % people
  const document = (mixed >>> 3) % 1_000_000
  return {
    position,
    type: typeOf(mixed),
    atMs: beganAtMs + position * everyMs,
    organizationId: organizationOf(person) as never,
    object: { type: 'Document', id: `doc_${document}`, name: `${words[mixed % 7]} ${document % 5_000}` },
    revision: 1,
    outcome: mixed % 50 === 0 ? 'denied' : mixed % 31 === 0 ? 'failure' : 'success',
    actor: { type: 'user', id: personOf(person), name: `person${person}@example.com` },
    requestId: `req_${position.toString(36).padStart(12, '0')}`,
    sessionId: `sess_${String(mixed % 200_000).padStart(26, '0')}`,
    address: `198.51.${person % 100}.${mixed % 256}`,
    context: { traceId: (mixed * 4_294_967_296).toString(16).padStart(32, '0') },
    changes: undefined,
    data: {
      methods: ['webauthn'],
      reason: `${words[mixed % 10]} ${words[(mixed >>> 5) % 10]} ${position % 100_003 === 7 ? 'hapaxlegomenon' : ''}`,
      serial: `n${position}`,
    },
    touches: [],
  }
}

/** The row that `record` writes for an event, in the order of its columns. */
export const toEventRow = (event: FeedEvent) => ({
  position: event.position,
  type: event.type,
  at: event.atMs,
  organization_id: event.organizationId ?? null,
  object_type: event.object.type,
  object_id: event.object.id,
  object_name: event.object.name ?? null,
  revision: event.revision ?? null,
  outcome: event.outcome,
  actor_type: event.actor.type,
  actor_id: event.actor.id ?? null,
  actor_name: event.actor.name,
  request_id: event.requestId,
  session_id: event.sessionId ?? null,
  address: event.address ?? null,
  data: JSON.stringify(event.data),
  touches: null,
  context: JSON.stringify(event.context),
  changes: null,
})

const rowsMost = 500

async function insertEvents(tx: Tx, events: readonly FeedEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += rowsMost)
    await tx
      .insertInto('events')
      .values(events.slice(at, at + rowsMost).map(toEventRow))
      .execute()
}

/** Writes events after `begin` up to `last` with the product's own functions. */
export async function fill(
  storage: Storage,
  begin: number,
  last: number,
  batch: number,
  onProgress: (done: number) => void,
): Promise<void> {
  for (let first = begin + 1; first <= last; first += batch) {
    const events = Array.from({ length: Math.min(batch, last - first + 1) }, (_, at) => eventAt(first + at))
    const indexed = events.map((event) => ({ position: event.position, atMs: event.atMs, words: indexWords(event) }))
    await storage.transact(async (tx) => {
      await insertEvents(tx, events)
      await addToIndex(tx, storage.engine, first - 1, indexed)
    })
    if ((first - 1) % 100_000 === 0) onProgress(first - 1)
  }
  if (storage.engine === 'postgres') {
    await storage.transact((tx) => sql`update feed_sequencer set position = ${last}`.execute(tx as never))
    for (const table of ['events', 'audit_words', 'audit_minutes'])
      await storage.transact((tx) => sql`analyze ${sql.table(table)}`.execute(tx as never))
  }
}
