import type { Feed } from '#feed'
import type { Clock, Entropy, Meter, Tracer } from '#kernel'
import type { Migration, Storage } from '#storage'
import type { Web } from '#web'
import { addAuthzen } from './authzen/authzen.routes.ts'
import { OwnTokens } from './authzen/own-token.ts'
import type { AuthorizationDeps } from './deps.ts'
import type { BundleSource } from './engine/bundle-source.ts'
import { Snapshot } from './engine/snapshot.ts'
import type { EntitySource } from './entities/source.ts'
import { explainOperations } from './explain/explain.routes.ts'
import { addExtAuthz } from './ext-authz/ext-authz.routes.ts'
import type { AnswerGateway } from './forward-auth/answer-gateway.ts'
import { EdgeLimits, type EdgeRates } from './forward-auth/edge-limits.ts'
import { addForwardAuth } from './forward-auth/forward-auth.routes.ts'
import { GatewayMemory } from './forward-auth/gateway-memory.ts'
import { IdentityTokens } from './forward-auth/identity-token.ts'
import type {
  ApplicationDirectory,
  CookieSealer,
  GatewayPages,
  IdentitySigner,
  SessionFinder,
  TokenVerifier,
} from './forward-auth/ports.ts'
import { continuePath } from './forward-auth/sign-in.ts'
import { createGate } from './gate/engine-gate.ts'
import { Privileged } from './gate/privileged.ts'
import { rightsOperations } from './gate/rights.routes.ts'
import { grantMigrations } from './grants/grant.store.ts'
import { grantOperations } from './grants/grants.routes.ts'
import { holdReplies } from './hold-replies.ts'
import { decisionOperations } from './journal/decisions.routes.ts'
import { Journal } from './journal/journal.ts'
import { Recorder } from './journal/recorder.ts'
import { tellSegments } from './journal/tell-segments.ts'
import { toldSegmentsMigration } from './journal/told-segments.store.ts'
import { measureSnapshot } from './measures.ts'
import { edgeJournalMigrations } from './replica/edge-journal.store.ts'
import type { RevocationSource } from './replica/ports.ts'
import { addReplica } from './replica/replica.routes.ts'
import { resourceMigrations } from './resources/resource.store.ts'
import { resourceOperations } from './resources/resources.routes.ts'
import { SignIns } from './sign-in/sign-ins.ts'
import { tidy } from './tidy.ts'

export const authorizationMigrations: readonly Migration[] = [
  ...grantMigrations,
  ...resourceMigrations,
  ...edgeJournalMigrations,
  toldSegmentsMigration,
]

export interface AuthorizationOptions {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  /** Signs what is published and what is handed on; seals what callers carry for us. */
  readonly keyring: IdentitySigner & CookieSealer
  readonly sources: readonly EntitySource[]
  readonly bundles: BundleSource
  readonly keepAdministrators?: AuthorizationDeps['keepAdministrators']
  readonly resourceQuota?: AuthorizationDeps['resourceQuota']
  /** Where the decision journal lives. */
  readonly journalDirectory: string
  /** Records Envoy's questions; those over HTTP are the web's. */
  readonly tracer?: Tracer | undefined
  /** Told of what fails where nobody waits for it. */
  readonly onError: (where: string, error: unknown) => void
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** What forward-auth needs of the rooms below. */
export interface GatewayDeps {
  readonly applications: ApplicationDirectory
  readonly sessions: SessionFinder
  readonly tokens: TokenVerifier
  readonly keyring: IdentitySigner & CookieSealer
  /** What people are shown on an application's own host. */
  readonly pages: GatewayPages
  /** Revocations that applications follow; without, nothing of theirs is told. */
  readonly revocations?: RevocationSource
  /** Limits of gateways' questions. Default: none. */
  readonly rates?: EdgeRates
}

/** Gateways, once they are attached. */
export interface Gateway {
  /** The application that a sign-in under way goes to, by its own address. */
  applicationAt(path: string, query: URLSearchParams): Promise<string | undefined>
}

export interface Authorization extends AuthorizationDeps {
  readonly journal: Journal
  /** Decides sign-ins by their organization's policies. */
  readonly signIns: SignIns
  /** Adds its operations and protocol routes to the web; once, before it listens. */
  attach(web: Web): Promise<void>
  /** Adds `/forward-auth`, for which sessions and tokens must be there. Once, before the web listens. */
  attachGateway(web: Web, deps: GatewayDeps): Promise<Gateway>
  /** Answers Envoy's ext_authz over gRPC on an address of its own, once `attachGateway` has run. */
  listenForEnvoy(web: Web, address: ListenAddress): Promise<{ readonly port: number; close(): Promise<void> }>
  /** Flushes and closes the journal; nothing can be decided afterwards. */
  close(): Promise<void>
}

const noRevocations: RevocationSource = {
  all: () => [],
  onAdd: () => () => undefined,
  position: Number.MAX_SAFE_INTEGER,
}

/** Loads the snapshot and builds everything that decides on it. Resolves when decisions can be made. */
export async function openAuthorization(options: AuthorizationOptions): Promise<Authorization> {
  const { storage, clock, entropy, meter, onError } = options
  const snapshot = await Snapshot.open(options)
  const journal = await Journal.open({ directory: options.journalDirectory, clock, meter, onError })
  const recorder = new Recorder({ journal, clock, meter, position: () => snapshot.position })
  const privileged = new Privileged(meter)
  const gate = createGate({ snapshot, clock, recorder, privileged })
  const tidying = await tidy(options)
  const telling = tellSegments({ storage, clock, journal, onError })
  measureSnapshot(meter, snapshot, clock)
  let ownTokens: OwnTokens | undefined
  let answerGateway: AnswerGateway | undefined
  const { keepAdministrators, resourceQuota } = options
  const deps: AuthorizationDeps = { storage, clock, entropy, snapshot, gate, keepAdministrators, resourceQuota }
  return {
    ...deps,
    journal,
    signIns: new SignIns({ snapshot, recorder, clock }),
    attach: async (web) => {
      holdReplies(web.app, { snapshot, journal, privileged })
      web.add(...grantOperations(deps), ...resourceOperations(deps), ...decisionOperations(deps, journal))
      web.add(...rightsOperations(deps), ...explainOperations(deps))
      await addAuthzen(web, { ...deps, recorder, meter, keyring: options.keyring, ownTokens: () => ownTokens })
    },
    attachGateway: async (
      web,
      { applications, sessions, tokens, keyring, pages, revocations = noRevocations, rates = {} },
    ) => {
      ownTokens = new OwnTokens(snapshot, tokens, web.url)
      const memory = await GatewayMemory.open({ storage, feed: options.feed, applications, sessions })
      const limits = EdgeLimits.of(rates, { clock, meter })
      const identities = new IdentityTokens({ issuer: web.url, signer: keyring, clock })
      const common = { snapshot, clock, entropy, recorder, memory, sessions, tokens, keyring, pages }
      const gateway = { ...common, identities, limits }
      const answer = await addForwardAuth(web, gateway)
      addExtAuthz(web, answer)
      answerGateway = answer
      const replicas = { ...deps, journal, recorder, ownTokens, tokens, sessions, revocations, keyring, meter, onError }
      addReplica(web, { ...replicas, memory, identities })
      return {
        applicationAt: async (path, query) =>
          path === continuePath ? memory.byOrigin(query.get('origin') ?? '')?.application.id : undefined,
      }
    },
    listenForEnvoy: async (web, address) => {
      const { listenForChecks } = await import('./ext-authz/listener.ts')
      return listenForChecks(
        { web, answer: answerGateway as AnswerGateway, entropy, onError, tracer: options.tracer },
        address,
      )
    },
    close: async () => {
      tidying.stop()
      await telling.stop()
      await journal.close()
    },
  }
}
