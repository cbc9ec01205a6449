// The rooms that all others stand on, built in their order: storage, feed, keyring, authorization and web.
import { join } from 'node:path'
import type { DestinationStream } from 'pino'
import { type Authorization, openAuthorization } from '#authorization'
import type { Config } from '#config'
import { directoryEntities, ensureHomeOrganization, keepAdministrators } from '#directory'
import { Feed } from '#feed'
import { type Clock, type Entropy, Meter, systemClock, systemEntropy } from '#kernel'
import { type Keyring, openKeyring } from '#keyring'
import { openTraces, type Traces } from '#observability'
import { activeBundles } from '#policies'
import { lockDataDirectory, openStorage, type Storage, traceStatements, traceStorage } from '#storage'
import { createWeb, makeLogger, type Web } from '#web'
import { migrations } from './migrations.ts'

export interface GatehouseOptions {
  readonly config: Config
  readonly clock?: Clock
  readonly entropy?: Entropy
  /** Where log lines go; default standard error. */
  readonly log?: DestinationStream
  /** Whether a person reads standard output, so that the set-up link may be printed there. Default: no. */
  readonly toTerminal?: boolean
}

export interface Foundation {
  readonly meter: Meter
  readonly storage: Storage
  readonly feed: Feed
  readonly keyring: Keyring
  readonly authorization: Authorization
  readonly web: Web
  /** There where a collector is named. */
  readonly traces: Traces | undefined
  /** Where a job in the background tells that it failed. */
  readonly onError: (where: string, error: unknown) => void
}

/** Pushes onto `undo` how each thing that it opened is closed, so that whatever was opened is closed when a later step fails. */
export async function openFoundation(options: GatehouseOptions, undo: (() => unknown)[]): Promise<Foundation> {
  const { config, clock = systemClock, entropy = systemEntropy } = options
  const meter = new Meter()
  meter.measureProcess()
  if (config.region !== undefined) meter.labelAll({ region: config.region })
  const logger = makeLogger(config.logLevel, options.log)
  if (config.database.engine === 'sqlite') {
    const lock = lockDataDirectory(config.dataDirectory)
    undo.push(() => lock.release())
  }
  const onError = (where: string, error: unknown) =>
    logger.error({ err: error, where }, 'A job in the background failed')
  const traces = config.traces && (await openTraces(config.traces, { clock, entropy, meter, onError }))
  undo.push(() => traces?.close())
  const onStatement = traces && { onStatement: traceStatements(config.database.engine) }
  const opened = await openStorage(config.database, { clock, migrations, ...onStatement })
  const storage = traces === undefined ? opened : traceStorage(opened)
  undo.push(() => storage.close())
  const feed = new Feed({ storage, clock, meter, onError })
  undo.push(() => feed.close())
  const keyring = await openKeyring({
    storage,
    feed,
    clock,
    entropy,
    meter,
    rootKeyFile: config.rootKeyFile,
    token: config.signingToken,
    onError,
  })
  undo.push(() => keyring.close())
  await ensureHomeOrganization({ storage, clock, entropy })
  const authorization = await openAuthorization({
    storage,
    feed,
    clock,
    entropy,
    meter,
    keyring,
    sources: [directoryEntities],
    bundles: activeBundles,
    keepAdministrators,
    resourceQuota: config.resourcesPerApplication,
    journalDirectory: join(config.dataDirectory, 'journal'),
    tracer: traces?.tracer,
    onError,
  })
  undo.push(() => authorization.close())
  const web = await createWeb({
    policyBundle: authorization.snapshot.builtin.hash,
    url: config.url,
    trustedProxies: config.trustedProxies,
    logger,
    clock,
    entropy,
    meter,
    storage,
    keyring,
    tracer: traces?.tracer,
  })
  return { meter, storage, feed, keyring, authorization, web, traces, onError }
}
