import { deployment, type Gate } from '#authorization'
import { type FeedEvent, findEvents } from '#feed'
import { type Act, Fault } from '#kernel'
import type { Storage } from '#storage'
import { findIndexed, findPositions, rangeOfTime } from './index.store.ts'
import { type FilterKind, filterKinds, filterWord, indexWords, wordsOf } from './words.ts'
import '../faults.ts'

export interface Search {
  /** Id or name of who did it. */
  readonly actor?: string
  /** Id or name of what it was done to. */
  readonly target?: string
  readonly request?: string
  /** An event type, or `directory.*`. */
  readonly action?: string
  readonly outcome?: string
  /** Id of an organization; undefined for all of the deployment. */
  readonly organization?: string
  /** Words that must all be there; a star at the end of one stands for any ending. */
  readonly text?: string
  readonly fromMs?: number
  /** Not included. */
  readonly untilMs?: number
}

export interface SearchDeps {
  readonly storage: Storage
  readonly gate: Gate
}

const chunk = 500
/** Entries that are read before the index is asked for the beginning of a word. */
const readFirst = 2_000

/** @throws {Fault} `authorization.denied` when the actor may not see the events of the organization, or of all */
export function requireSearch({ gate }: SearchDeps, act: Act, { organization }: Search): void {
  gate.require(act, 'viewEvents', organization === undefined ? deployment : { type: 'Organization', id: organization })
}

/**
 * Events that fit, in order of position, from the index: as far as it has come (`audit_index_position`).
 * @param beyond where a former page ended; undefined to begin
 */
export async function* findMatching(
  { storage }: Pick<SearchDeps, 'storage'>,
  search: Search,
  order: 'newest' | 'oldest',
  beyond: number | undefined,
  pageSize: number,
): AsyncGenerator<FeedEvent> {
  const words = filterKinds.flatMap((kind) => (search[kind] === undefined ? [] : [filterWord(kind, search[kind])]))
  for (const part of (search.text ?? '').split(/\s+/).slice(0, 20)) {
    const own = wordsOf(part)
    words.push(...own.map((word, at) => (part.endsWith('*') && at === own.length - 1 ? `${word}*` : word)))
  }
  if (search.text !== undefined && search.text.trim() !== '' && wordsOf(search.text).length === 0)
    throw new Fault('audit.search_empty')
  let range: { first: number; last: number } | undefined = { first: 1, last: await findIndexed(storage.db) }
  if (search.fromMs !== undefined || search.untilMs !== undefined)
    range = await rangeOfTime(storage.db, search.fromMs, search.untilMs)
  if (range === undefined) return
  let { first, last } = range
  if (beyond !== undefined && order === 'newest') last = Math.min(last, beyond - 1)
  if (beyond !== undefined && order === 'oldest') first = Math.max(first, beyond + 1)
  // The beginning of a word may stand for thousands of words, and an index gathers all their entries before it gives the first:
  // what is common is found sooner by reading what the whole words find, and what is not found so is rare enough for the index.
  const exact = words.filter((word) => !word.endsWith('*'))
  if (exact.length < words.length)
    for (let read = 0; read < readFirst && first <= last; read += chunk) {
      const positions = await candidates(exact, chunk)
      for (const event of await inOrder(positions)) if (hasWords(event, words) && fits(event, search)) yield event
      if (!goOn(positions)) return
    }
  let size = Math.min(chunk, pageSize)
  while (first <= last) {
    const positions = await candidates(words, size)
    for (const event of await inOrder(positions)) if (fits(event, search)) yield event
    if (!goOn(positions)) return
    size = chunk
  }

  async function candidates(wanted: readonly string[], most: number): Promise<number[]> {
    if (wanted.length === 0) return between(first, last, order, most)
    return findPositions(storage.db, storage.engine, wanted, { first, last, order }, most)
  }

  /** Begins behind what was read. @returns false when nothing was */
  function goOn(positions: readonly number[]): boolean {
    const end = positions.at(-1)
    if (end === undefined) return false
    if (order === 'newest') last = end - 1
    else first = end + 1
    return true
  }

  async function inOrder(positions: readonly number[]): Promise<FeedEvent[]> {
    const found = new Map((await findEvents(storage.db, positions)).map((event) => [event.position, event]))
    return positions.flatMap((position) => found.get(position) ?? [])
  }
}

/** As the index would say. */
function hasWords(event: FeedEvent, words: readonly string[]): boolean {
  const own = indexWords(event).split(' ')
  return words.every((word) =>
    word.endsWith('*') ? own.some((one) => one.startsWith(word.slice(0, -1))) : own.includes(word),
  )
}

function between(first: number, last: number, order: 'newest' | 'oldest', most: number): number[] {
  const count = Math.min(most, last - first + 1)
  return Array.from({ length: count }, (_, at) => (order === 'newest' ? last - at : first + at))
}

/** INVARIANT: what is shown was compared with what was asked for, whatever the index says. */
function fits(event: FeedEvent, search: Search): boolean {
  if (search.fromMs !== undefined && event.atMs < search.fromMs) return false
  if (search.untilMs !== undefined && event.atMs >= search.untilMs) return false
  if (search.organization !== undefined && event.organizationId !== search.organization) return false
  const same = (kind: FilterKind, ...values: (string | undefined)[]) =>
    search[kind] === undefined || values.some((value) => value?.toLowerCase() === search[kind]?.toLowerCase())
  return (
    same('actor', event.actor.id, event.actor.name) &&
    same('target', event.object.id, event.object.name) &&
    same('request', event.requestId) &&
    same('action', event.type, `${event.type.slice(0, event.type.indexOf('.'))}.*`) &&
    same('outcome', event.outcome)
  )
}
