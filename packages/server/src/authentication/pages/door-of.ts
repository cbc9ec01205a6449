import type { FastifyRequest } from 'fastify'
import type { Organization } from '../deps.ts'
import type { Services } from '../services.ts'
import type { Page } from './layout.ts'

type Deps = Pick<Services, 'people' | 'storage' | 'cookies' | 'sessions'>

/**
 * Whose door a page shows: of the organization that it is about, else of whoever is signed in, else of the only one there is. Undefined
 * where none of them can be found: a page that says what went wrong is shown whatever else is wrong.
 */
export async function doorOf(
  { people, storage, cookies, sessions }: Deps,
  request: FastifyRequest,
  organizationId?: string,
): Promise<Organization | undefined> {
  try {
    if (organizationId !== undefined) return await people.findOrganization(storage.db, organizationId)
    const token = cookies.read(request, 'session')
    const known = token === undefined ? undefined : await sessions.find(token)
    return known?.person.organization ?? (await people.findOnlyOrganization(storage.db))
  } catch (error) {
    request.log.info({ err: error }, 'Whose door a page is could not be found')
    return undefined
  }
}

/** A page at a door. Where there is no brand the page is ours. */
export const at =
  (door: Organization | undefined, page: Page): Page =>
  (look) => ({ ...(door?.branding !== undefined && { organization: door }), ...page(look) })
