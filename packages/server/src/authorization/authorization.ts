import type { Feed } from '#feed'
import type { Clock, Entropy, Meter } from '#kernel'
import type { Migration, Storage } from '#storage'
import type { Web } from '#web'
import type { AuthorizationDeps } from './deps.ts'
import type { BundleSource } from './engine/bundle-source.ts'
import { Snapshot } from './engine/snapshot.ts'
import type { EntitySource } from './entities/source.ts'
import { keepFresh } from './freshness.ts'
import { createGate } from './gate/engine-gate.ts'
import { grantMigrations } from './grants/grant.store.ts'
import { grantOperations } from './grants/grants.routes.ts'

export const authorizationMigrations: readonly Migration[] = [...grantMigrations]

export interface AuthorizationOptions {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly sources: readonly EntitySource[]
  readonly bundles: BundleSource
}

export interface Authorization extends AuthorizationDeps {
  /** Adds its operations and protocol routes to the web; once, before it listens. */
  attach(web: Web): void
}

/** Loads the snapshot and builds everything that decides on it. Resolves when decisions can be made. */
export async function openAuthorization(options: AuthorizationOptions): Promise<Authorization> {
  const { storage, clock, entropy } = options
  const snapshot = await Snapshot.open(options)
  const gate = createGate({ snapshot, clock, keep: () => undefined })
  const deps: AuthorizationDeps = { storage, clock, entropy, snapshot, gate }
  return {
    ...deps,
    attach: (web) => {
      keepFresh(web.app, snapshot)
      web.add(...grantOperations(deps))
    },
  }
}
