import type { Gate } from '#authorization'
import type { Config } from '#config'
import type { Feed } from '#feed'
import type { Clock, Entropy, Meter } from '#kernel'
import { defaultTimes, type Keyring } from '#keyring'
import type { Storage } from '#storage'
import type { Operation } from '#web'
import { backupOperations } from './backup/backup.routes.ts'
import { installationChecks } from './doctor/checks.ts'
import { doctorOperations } from './doctor/doctor.routes.ts'
import { oldCredentialsCheck } from './doctor/old-credentials.ts'
import { orphansCheck } from './doctor/orphans.ts'
import { staleKeysCheck } from './doctor/stale-keys.ts'
import { keysOperations } from './keys/keys.routes.ts'
import { metricsOperations } from './metrics/metrics.routes.ts'

export interface OperateDeps {
  readonly config: Config
  readonly storage: Storage
  readonly feed: Feed
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly gate: Gate
}

/** What those who operate the deployment ask for: keys, metrics, the doctor, backups. */
export function operatingOperations(deps: OperateDeps): Operation[] {
  const checks = [
    ...installationChecks({ ...deps, times: defaultTimes }),
    orphansCheck(deps.storage),
    oldCredentialsCheck(deps),
    staleKeysCheck(deps),
  ]
  return [
    ...keysOperations(deps),
    ...metricsOperations(deps),
    ...doctorOperations({ gate: deps.gate, checks }),
    ...backupOperations(deps),
  ]
}
