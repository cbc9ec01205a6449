import type { ApplicationDirectory, ProtectedApplication } from '#authorization'
import { findOrganization } from '../organizations/organization.store.ts'
import { findApplication, listApplications } from './application.store.ts'
import type { Application } from './application.ts'

const pageRows = 1_000

/** Active applications of active organizations that have registered an origin, for forward-auth. */
export const protectedApplications: ApplicationDirectory = {
  async *loadAll(db) {
    let after: [string, string, string] | undefined
    for (;;) {
      const rows = await listApplications(db, {}, { after, limit: pageRows })
      for (const application of rows) {
        const found = toProtected(application)
        if (found !== undefined && (await isOpen(application))) yield found
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < pageRows) return
      after = [last.organizationId, last.name, last.id]
    }
    async function isOpen({ organizationId }: Application): Promise<boolean> {
      return (await findOrganization(db, organizationId))?.state === 'active'
    }
  },

  async load(db, id) {
    const application = await findApplication(db, id)
    const found = application && toProtected(application)
    if (found === undefined) return undefined
    return (await findOrganization(db, found.organizationId))?.state === 'active' ? found : undefined
  },
}

function toProtected(application: Application): ProtectedApplication | undefined {
  const { id, organizationId, displayName, origins, routes, state } = application
  if (state !== 'active' || origins.length === 0) return undefined
  return { id, organizationId, name: displayName, origins, routes }
}
