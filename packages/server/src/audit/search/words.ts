import { hash } from 'node:crypto'
import type { FeedEvent } from '#feed'

/** What a search may narrow by, exactly. */
export const filterKinds = ['actor', 'target', 'request', 'action', 'outcome', 'organization'] as const
export type FilterKind = (typeof filterKinds)[number]

const wordsMost = 400
const textMost = 20_000

/** The words of a text as the index holds them: lower case, without accents, letters and digits only. */
export function wordsOf(text: string): string[] {
  return (
    text
      .slice(0, textMost)
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  )
}

/** A value of a filter as one word that no text is likely to hold; what is found is compared again. */
export function filterWord(kind: FilterKind, value: string): string {
  const text = `${kind}\0${value.toLowerCase()}`
  if (!fewKinds.has(kind)) return hashed(text)
  let word = known.get(text)
  if (word === undefined) {
    word = hashed(text)
    if (known.size < knownMost) known.set(text, word)
  }
  return word
}

const hashed = (text: string) => `zf${hash('sha256', text, 'hex').slice(0, 16)}`

/** Kinds whose values come again and again: hashed once. */
const fewKinds: ReadonlySet<FilterKind> = new Set(['action', 'outcome', 'organization'])
const knownMost = 5_000
const known = new Map<string, string>()

/** Everything an event is found by. */
export function indexWords(event: FeedEvent): string {
  const words = new Set<string>()
  const filter = (kind: FilterKind, value: string | undefined) => {
    if (value !== undefined) words.add(filterWord(kind, value))
  }
  filter('actor', event.actor.id)
  filter('actor', event.actor.name)
  filter('target', event.object.id)
  filter('target', event.object.name)
  filter('request', event.requestId)
  filter('action', event.type)
  filter('action', `${event.type.slice(0, event.type.indexOf('.'))}.*`)
  filter('outcome', event.outcome)
  filter('organization', event.organizationId ?? 'none')
  const told = [event.type, event.actor.name, event.object.type, event.object.id, event.object.name, event.address]
  collect([...told, event.context.through?.name, event.context.traceId, event.changes, event.data])
  return [...words].join(' ')

  function collect(value: unknown): void {
    if (words.size >= wordsMost) return
    if (typeof value === 'string' || typeof value === 'number')
      for (const word of wordsOf(String(value))) words.add(word)
    else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) collect(one)
  }
}
