import { createHash } from 'node:crypto'
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
  return `zf${createHash('sha256').update(`${kind}\0${value.toLowerCase()}`).digest('hex').slice(0, 16)}`
}

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
