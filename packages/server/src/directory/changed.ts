import { isDeepStrictEqual } from 'node:util'
import type { Changes } from '#feed'

/** The names of the members of `change` whose value differs from what `before` holds, in order. */
export function changedMembers<T extends object>(before: T, change: Partial<T>): string[] {
  return (Object.keys(change) as (keyof T & string)[])
    .filter((name) => !isDeepStrictEqual(change[name] ?? undefined, before[name]))
    .sort()
}

/** Members whose values are nobody's business, however they are stored. */
const hidden = /secret|password|hash/i

/** Before and after of the members named, for the event: an auditor reads there what a change made of what. */
export function changesOf<T extends object>(before: T, after: T, members: readonly string[]): Changes {
  const side = (of: T, name: string) => (of as Record<string, unknown>)[name]
  return Object.fromEntries(
    members.map((name) => {
      const [from, to] = [side(before, name), side(after, name)]
      if (hidden.test(name)) return [name, { from: '[masked]', to: '[masked]' }]
      return [name, { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }]
    }),
  )
}
