import type { Post } from '#authentication'
import type { Gate } from '#authorization'
import { listMachines } from '#directory'
import type { Feed } from '#feed'
import type { Clock, Entropy, Meter } from '#kernel'
import type { Migration, Storage } from '#storage'
import type { Operation, Outgoing } from '#web'
import { alertOperations } from './alerts/alert.routes.ts'
import { alertMigrations } from './alerts/alert.store.ts'
import { deliveryMigrations } from './alerts/delivery.store.ts'
import { runbookOperations } from './alerts/runbook.ts'
import { silenceMigrations } from './alerts/silence.store.ts'
import { changesOperations } from './changes/changes.routes.ts'
import { measureChanges } from './changes/policy-changes.ts'
import { openCompromise } from './compromise/compromise.ts'
import { exportOperations } from './dashboards/export.routes.ts'
import { nodeMigrations } from './nodes/node.store.ts'
import { nodesOperations } from './nodes/nodes.routes.ts'
import { sloOperations } from './slos/slo.routes.ts'
import { sloMigrations } from './slos/slo.store.ts'
import { readSloFile } from './slos/slo-file.ts'
import { Watch } from './slos/watch.ts'

export const observabilityMigrations: readonly Migration[] = [
  ...sloMigrations,
  ...alertMigrations,
  ...silenceMigrations,
  ...deliveryMigrations,
  ...nodeMigrations,
]

export interface WatchOptions {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly gate: Gate
  readonly outgoing: Outgoing
  /** Where letters are handed in. */
  readonly post: Post | undefined
  readonly url: string
  /** Name and region of this node. */
  readonly node: string
  readonly region: string | undefined
  /** YAML with objectives and receivers; undefined: the product's own, told to nobody. */
  readonly sloFile: string | undefined
  readonly onError: (where: string, error: unknown) => void
}

/** Service level objectives and alerts: reads the file, begins to look, and gives the operations. @throws {Fault} `config.invalid` */
export async function openWatch(
  options: WatchOptions,
): Promise<{ readonly watch: Watch; readonly operations: Operation[] }> {
  const watched = readSloFile(options.sloFile)
  const { meter, storage } = options
  meter.gauge(
    'directory_orphaned_machines',
    'Machines whose owner has left (counted up to 1,000)',
    [],
    async function () {
      const found = await listMachines(storage.db, { orphaned: true }, { limit: 1_000 }).catch(() => undefined)
      if (found !== undefined) this.set(found.length)
    },
  )
  measureChanges(options)
  const compromise = await openCompromise(options)
  const { outgoing, node: name, region = '', ...others } = options
  const node = outgoing.times && { name, region, outgoing: outgoing.times }
  const watch = new Watch({ ...others, outgoing, watched, ...(node && { node }) })
  watch.start()
  const operations = [
    ...sloOperations({ ...options, watched, watch }),
    ...exportOperations({ ...options, watched }),
    ...changesOperations({ ...options, watched }),
    ...compromise.operations,
    ...nodesOperations(options),
    ...runbookOperations(),
    ...alertOperations({ ...options, objectives: watched.objectives }),
  ]
  return { watch, operations }
}
