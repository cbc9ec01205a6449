import { isDeepStrictEqual } from 'node:util'
import type { Changes } from '#feed'
import type { OrganizationId } from '#kernel'

/** What every row of the room has. */
interface Row {
  readonly id: string
  readonly organizationId?: OrganizationId
  readonly updatedAtMs: number
  readonly revision: number
}

/** The row after a change: a revision later. */
export const changedRow = <T extends Row>(before: T, change: Partial<NoInfer<T>>, atMs: number): T => ({
  ...before,
  ...change,
  updatedAtMs: atMs,
  revision: before.revision + 1,
})

/**
 * When and about what an event is that tells of the row as it is now.
 * @param name what people know it by; undefined for a person who is gone
 */
export const about = (type: string, row: Row, name: string | undefined) => ({
  atMs: row.updatedAtMs,
  organizationId: row.organizationId ?? (row.id as OrganizationId),
  object: { type, id: row.id, ...(name !== undefined && { name }) },
  revision: row.revision,
})

/** From which state to which, and why where somebody said so: the data of a transition's event. */
export const moved = (before: { state: string }, after: { state: string }, reason: string | undefined) => ({
  from: before.state,
  to: after.state,
  ...(reason !== undefined && { reason }),
})

export interface MoveOptions {
  /** Why, for the record; no personal data. */
  readonly reason?: string | undefined
  readonly ifRevision?: number | undefined
}

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
