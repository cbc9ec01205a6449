import type { OrganizationId } from '#kernel'
import type { Reader } from '#storage'

/** The ids of what is in an organization, tombstones too, as a part of another room's statement. */
export const idsWithin = (db: Reader, organizationId: OrganizationId) => ({
  users: db.selectFrom('users').select('id').where('organization_id', '=', organizationId),
  machines: db.selectFrom('machines').select('id').where('organization_id', '=', organizationId),
  applications: db.selectFrom('applications').select('id').where('organization_id', '=', organizationId),
})
