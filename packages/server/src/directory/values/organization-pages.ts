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
