import { isDeepStrictEqual } from 'node:util'

/** The names of the members of `change` whose value differs from what `before` holds, in order. */
export function changedMembers<T extends object>(before: T, change: Partial<T>): string[] {
  return (Object.keys(change) as (keyof T & string)[])
    .filter((name) => !isDeepStrictEqual(change[name] ?? undefined, before[name]))
    .sort()
}
