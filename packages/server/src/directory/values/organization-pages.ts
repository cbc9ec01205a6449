import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { OrganizationId } from '#kernel'

/** The place of a row in a list that goes by organization, then name, then id. */
export type PlaceKey = readonly [organizationId: string, name: string, id: string]
export interface PlacePage {
  readonly after?: PlaceKey | undefined
  readonly limit: number
}

/**
 * A page over some organizations (undefined: all), in the order of organization, name and id. One query for each
 * organization until the page is full: an index serves each whole, which no index does for a set of them.
 * @param list rows of one organization after (name, id), or of all after the whole place
 */
export async function pageOverOrganizations<T>(
  organizationIds: readonly OrganizationId[] | undefined,
  { after, limit }: PlacePage,
  list: (part: { organizationId?: OrganizationId; after?: PlaceKey | undefined; limit: number }) => Promise<T[]>,
): Promise<T[]> {
  if (organizationIds === undefined) return list({ after, limit })
  const rows: T[] = []
  for (const organizationId of [...new Set(organizationIds)].sort()) {
    if (after !== undefined && organizationId < after[0]) continue
    const within = after?.[0] === organizationId ? after : undefined
    rows.push(...(await list({ organizationId, after: within, limit: limit - rows.length })))
    if (rows.length >= limit) break
  }
  return rows
}

type Part = Parameters<Parameters<typeof pageOverOrganizations>[2]>[0]

/**
 * Which rows of a table with `organization_id`, a name and `id` a part of a page holds, for the query's `where`.
 * @param by exactly this name, or names that begin so; as they are stored
 * @param column where the name stands
 */
export function onPage(
  { organizationId, after }: Part,
  by: { readonly name?: string | undefined; readonly prefix?: string | undefined },
  column = 'name',
) {
  // biome-ignore lint/suspicious/noExplicitAny: the columns are the same in tables of different types
  return (where: ExpressionBuilder<any, any>) => {
    const all: Expression<SqlBool>[] = []
    if (organizationId !== undefined) all.push(where('organization_id', '=', organizationId))
    if (by.name !== undefined) all.push(where(column, '=', by.name))
    if (by.prefix !== undefined) all.push(where(column, '>=', by.prefix), where(column, '<', `${by.prefix}\u{10ffff}`))
    if (after !== undefined) {
      const [organization, name, id] = after
      all.push(
        organizationId === undefined
          ? where(where.refTuple('organization_id', column, 'id'), '>', where.tuple(organization, name, id))
          : where(where.refTuple(column, 'id'), '>', where.tuple(name, id)),
      )
    }
    return where.and(all)
  }
}
