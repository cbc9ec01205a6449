import type { Operation } from '#web'
import { applicationOperations } from './applications/application.routes.ts'
import type { DirectoryDeps } from './deps.ts'
import { groupOperations } from './groups/group.routes.ts'
import { machineOperations } from './machines/machine.routes.ts'
import { machineKeyOperations } from './machines/machine-key.routes.ts'
import { organizationOperations } from './organizations/organization.routes.ts'
import { providerOperations } from './providers/provider.routes.ts'
import { userOperations } from './users/user.routes.ts'

/** Everything of the directory over HTTP. */
export function directoryOperations(deps: DirectoryDeps): Operation[] {
  return [
    ...organizationOperations(deps),
    ...userOperations(deps),
    ...groupOperations(deps),
    ...machineOperations(deps),
    ...machineKeyOperations(deps),
    ...applicationOperations(deps),
    ...providerOperations(deps),
  ]
}
