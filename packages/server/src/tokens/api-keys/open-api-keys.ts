import type { EntityUid } from '#authorization'
import { type DirectoryDeps, tendMachineKeys } from '#directory'
import type { Feed } from '#feed'
import type { Meter } from '#kernel'
import type { Operation } from '#web'
import type { SessionSource } from '../ports.ts'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import { apiKeyOperations } from './api-key.routes.ts'
import { ApiKeySet } from './api-key-set.ts'
import { endKeysOfLeavers, keepTending, tendApiKeys } from './tend-api-keys.ts'

export interface ApiKeysDeps extends DirectoryDeps {
  readonly url: string
  readonly feed: Feed
  readonly meter: Meter
  readonly revocations: RevocationSet
  readonly sessions: SessionSource
  readonly isActive: (principal: EntityUid) => boolean
  readonly isAction: (name: string) => boolean
  readonly onError: (where: string, error: unknown) => void
}

export interface ApiKeys {
  readonly set: ApiKeySet
  readonly operations: Operation[]
  close(): Promise<void>
}

/** Loads the keys in force, and follows what becomes of them and of their owners. */
export async function openApiKeys(deps: ApiKeysDeps): Promise<ApiKeys> {
  const { feed, meter, onError } = deps
  const set = await ApiKeySet.open({ ...deps, issuer: deps.url }, feed)
  meter.gauge('api_keys', 'API keys in force', [], function () {
    this.set(set.size)
  })
  await endKeysOfLeavers(deps.storage, feed)
  const uses = set.run()
  const stop = keepTending(
    async () => {
      await tendApiKeys(deps)
      await tendMachineKeys(deps)
    },
    (error) => onError('the ends of keys', error),
  )
  return {
    set,
    operations: apiKeyOperations({ ...deps, settled: (at) => set.settled(at) }),
    close: async () => {
      await stop()
      await uses.stop()
    },
  }
}
