// Where the rooms are built and joined, in their order. `main.ts` starts it for the process, tests start it in theirs.
import { type Ledger, openAudit } from '#audit'
import {
  type Authentication,
  gatewayPages,
  grantsAdministrators,
  offerSetup,
  openAuthentication,
  openBootstrap,
  openPost,
  type SetupNotice,
  sessionSource,
  signInPeople,
  waysIn,
} from '#authentication'
import type { Authorization } from '#authorization'
import { directoryOperations, protectedApplications } from '#directory'
import type { Feed } from '#feed'
import { type Meter, systemClock, systemEntropy } from '#kernel'
import type { Keyring } from '#keyring'
import {
  Arrival,
  eventsOperations,
  listenForMetrics,
  measureInstallation,
  openWatch,
  operatingOperations,
  type Traces,
  type Watch,
} from '#observability'
import { policiesOperations } from '#policies'
import type { Storage } from '#storage'
import { openContainment, registrationOperations, type Tokens } from '#tokens'
import {
  healthOperations,
  IssuerKeys,
  listenForCertificates,
  Outgoing,
  OutgoingTimes,
  openapiOperation,
  type Web,
} from '#web'
import { serveConsole } from './console.ts'
import { type GatehouseOptions, openFoundation } from './foundation.ts'
import { joinTokens } from './join-tokens.ts'
import { migrations } from './migrations.ts'

export type { GatehouseOptions }
export { migrations }

export interface Gatehouse {
  /** The address it really listens on, as in `http://127.0.0.1:8080`. */
  readonly listening: string
  /** The port of Envoy's ext_authz over gRPC; undefined when it is off. */
  readonly extAuthzPort: number | undefined
  readonly storage: Storage
  readonly feed: Feed
  readonly meter: Meter
  readonly keyring: Keyring
  readonly web: Web
  readonly authorization: Authorization
  readonly authentication: Authentication
  readonly tokens: Tokens
  /** How the first administrator comes to be, when there is none. */
  readonly setup: SetupNotice
  readonly ledger: Ledger
  readonly watch: Watch
  /** There where a collector is named. */
  readonly traces: Traces | undefined
  /** Lets running requests end, then stops followers and closes the database. */
  close(): Promise<void>
}

/** Builds everything and listens. Whatever was opened is closed again when a later step fails. */
export async function startGatehouse(options: GatehouseOptions): Promise<Gatehouse> {
  const { config, clock = systemClock, entropy = systemEntropy } = options
  const undo: (() => unknown)[] = []
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const foundation = await openFoundation(options, undo)
    const { meter, storage, feed, keyring, authorization, web, traces, onError } = foundation
    web.add(...healthOperations({ storage, feed, draining: () => web.draining }), openapiOperation(web))
    await authorization.attach(web)
    const deps = { storage, clock, entropy, gate: authorization.gate }
    web.add(...directoryOperations(deps), ...registrationOperations(deps))
    const { snapshot, resourceQuota } = authorization
    web.add(...policiesOperations({ ...deps, snapshot, resourceQuota, waysIn }))

    const people = signInPeople({ clock, entropy })
    const administrators = grantsAdministrators(authorization)
    const bootstrap = config.bootstrap
      ? await openBootstrap({ storage, clock, meter, dataDirectory: config.dataDirectory })
      : undefined
    if (bootstrap !== undefined) web.identifyBy(bootstrap.identify)
    const outgoing = new Outgoing(config.outgoingAllow, new OutgoingTimes({ clock, meter }))
    const issuers = new IssuerKeys({ outgoing, clock, meter, onError })
    undo.push(() => issuers.close())
    const authentication = await openAuthentication(
      {
        storage,
        feed,
        clock,
        entropy,
        meter,
        keyring,
        outgoing,
        issuers,
        gate: authorization.gate,
        signIns: authorization.signIns,
        people,
        administrators,
        mail: config.mail,
        url: config.url,
        breachedPasswordsFile: config.breachedPasswordsFile,
        countryFile: config.countryFile,
        authenticatorRoots: config.authenticatorRoots,
        onError,
      },
      web,
    )
    undo.push(() => authentication.close())

    const tokens = await joinTokens({
      config,
      storage,
      feed,
      clock,
      entropy,
      meter,
      keyring,
      authorization,
      authentication,
      web,
      outgoing,
      issuers,
      onError,
    })
    undo.push(() => tokens.close())
    await tokens.attach(web)
    undo.push(openContainment({ ...deps, sessions: authentication.services.sessions }, web, onError))
    const { services } = authentication
    const gateway = await authorization.attachGateway(web, {
      applications: protectedApplications,
      sessions: sessionSource(services),
      pages: gatewayPages((id) => services.people.findOrganization(storage.db, id)),
      tokens: { verify: tokens.verifyPresented, read: tokens.verifyAccessToken },
      keyring,
      rates: config.edgeLimits,
      revocations: tokens.revocations,
    })
    services.destinations.add(gateway.applicationAt)

    const arrival = new Arrival(storage)
    web.add(...eventsOperations({ storage, gate: authorization.gate, clock, arrival }))

    const audit = await openAudit({
      ...deps,
      feed,
      meter,
      keyring,
      outgoing,
      url: config.url,
      dataDirectory: config.dataDirectory,
      witnessPolicyFile: config.auditWitnessFile,
      sinkFile: config.auditSinkFile,
      onError,
    })
    undo.push(() => audit.close())
    web.add(...audit.operations)
    measureInstallation({ storage, clock, meter })
    web.add(...operatingOperations({ config, storage, feed, keyring, clock, entropy, meter, gate: authorization.gate }))
    const { url, node, region, sloFile } = config
    const post = config.mail && openPost(config.mail)
    undo.push(() => post?.close())
    const { watch, operations } = await openWatch({
      ...deps,
      feed,
      meter,
      outgoing,
      post,
      url,
      node,
      region,
      sloFile,
      onError,
    })
    undo.push(() => watch.close())
    web.add(...operations)
    serveConsole(web)
    if (config.metricsListen !== undefined) {
      const metrics = await listenForMetrics(meter, config.metricsListen)
      undo.push(() => metrics.close())
    }

    undo.push(() => bootstrap?.close())
    undo.push(() => web.close())
    // Whoever waits for events is answered first, so that closing does not wait for them.
    undo.push(() => arrival.close())
    const listening = await web.app.listen({ host: config.listen.host, port: config.listen.port })
    if (config.mtls !== undefined) {
      const { listen, certificate, key } = config.mtls
      const mtls = await listenForCertificates(web.app, { ...listen, certificate, key })
      undo.push(() => mtls.close())
    }
    const envoy = config.extAuthzListen && (await authorization.listenForEnvoy(web, config.extAuthzListen))
    undo.push(() => envoy?.close())
    undo.push(() => bootstrap?.withdraw())
    await bootstrap?.publish(web.app.routing)
    const setup = await offerSetup(
      { storage, clock, entropy, people, administrators, url: config.url, dataDirectory: config.dataDirectory },
      options.toTerminal ?? false,
    )
    return {
      listening,
      extAuthzPort: envoy?.port,
      setup,
      storage,
      feed,
      meter,
      keyring,
      web,
      authorization,
      authentication,
      tokens,
      ledger: audit.ledger,
      watch,
      traces,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
