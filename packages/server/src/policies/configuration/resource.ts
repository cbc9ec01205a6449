import { type EntityJson, type EntityUid, listResources as listPage } from '#authorization'
import type { Application } from '#directory'
import type { Reader } from '#storage'

/** A resource of an application, as it is kept. */
export type Resource = EntityJson

/** Every resource of an application. */
export async function* listResources(db: Reader, application: Pick<Application, 'id'>): AsyncGenerator<Resource> {
  for (let after: EntityUid | undefined; ; ) {
    const page = await listPage(db, application.id, { after, limit: 1_000 })
    yield* page
    after = page.at(-1)?.uid
    if (after === undefined) return
  }
}

/** A value whose sets are in one order, without repetition: a list of Cedar is always a set. */
export function ordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = new Map(value.map(ordered).map((item) => [spelling(item), item]))
    return [...items.keys()].sort().map((key) => items.get(key))
  }
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([key, inner]) => [key, ordered(inner)]))
}

const spelling = (value: unknown) =>
  JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner))
