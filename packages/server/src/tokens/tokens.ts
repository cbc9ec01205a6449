import { randomBytes } from 'node:crypto'
import type { ProviderState } from '#authentication'
import type { EntityUid, Gate } from '#authorization'
import { type CredentialUses, federatedMachines, type Machine } from '#directory'
import type { Feed } from '#feed'
import type { Clock, Meter, UserId } from '#kernel'
import type { SigningAlgorithm } from '#keyring'
import type { Migration, Storage } from '#storage'
import { IssuerKeys, type Outgoing, type Web } from '#web'
import { apiKeyMigrations } from './api-keys/api-key.store.ts'
import { openApiKeys } from './api-keys/open-api-keys.ts'
import { artifactMigrations } from './artifacts/artifact.store.ts'
import { expireArtifacts } from './artifacts/expire.ts'
import { mountConsent } from './consent/consent.routes.ts'
import { consentMigrations, findConsentedScopes } from './consent/consent.store.ts'
import { containmentMigrations } from './containment/containment.store.ts'
import './events.ts'
import './faults.ts'
import type { DirectoryDeps } from '#directory'
import { mountOwnApplications } from './applications/own-applications.routes.ts'
import { listOwnApplications, type OwnApplication } from './applications/own-applications.ts'
import { mountApprovals, writePing } from './approvals/approvals.routes.ts'
import { ClientDocuments } from './client-documents/client-documents.ts'
import { introspectJwt } from './introspection/introspect.ts'
import { followSessionEnds, writeLogout } from './logout/back-channel.ts'
import { participantMigrations } from './logout/participant.store.ts'
import { NoticeDelivery } from './notices/deliver-notices.ts'
import { noticeMigrations } from './notices/notice.store.ts'
import { type CertificateOptions, readCertificates } from './oidc/certificates.ts'
import { ClientCache } from './oidc/clients.ts'
import { applicationAt } from './oidc/destination.ts'
import { mountProtocol } from './oidc/mount.ts'
import { Needs } from './oidc/needs.ts'
import { Protocol } from './oidc/protocol.ts'
import type { Sealer } from './oidc/sealer.ts'
import type { Signer } from './oidc/signing.ts'
import type { ClientSource, PersonSource, SessionSource, TokenPages, TokenProof } from './ports.ts'
import { mountRegistration } from './registration/registration.routes.ts'
import { registrationMigrations } from './registration/registration.store.ts'
import { mountResourceMetadata } from './resource-metadata/resource-metadata.ts'
import { followRevocations } from './revocation/follow-revocations.ts'
import { revocationOperations } from './revocation/revocation.routes.ts'
import { type Revocation, revocationMigrations } from './revocation/revocation.store.ts'
import { RevocationSet } from './revocation/revocation-set.ts'
import { TokenSpool } from './spool/spool.ts'
import { statusMigrations } from './status-lists/status-entry.store.ts'
import { mountStatusLists } from './status-lists/status-lists.routes.ts'
import { StatusLists } from './status-lists/status-lists.ts'
import { identifyByAccessToken } from './verify/bearer.ts'
import { DpopProofs } from './verify/dpop-proof.ts'
import { type PresentedRequest, verifyPresented } from './verify/presented-token.ts'
import { RefusedTokens } from './verify/refused-tokens.ts'
import { type AccessTokenClaims, AccessTokenVerifier } from './verify/verify-access-token.ts'
import { federationOperations } from './workloads/federation.routes.ts'
import { FederationHealth } from './workloads/federation-health.ts'

export const tokensMigrations: readonly Migration[] = [
  ...apiKeyMigrations,
  ...artifactMigrations,
  ...revocationMigrations,
  ...statusMigrations,
  ...consentMigrations,
  ...containmentMigrations,
  ...noticeMigrations,
  ...participantMigrations,
  ...registrationMigrations,
]

export interface TokensDeps {
  readonly url: string
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly meter: Meter
  readonly signer: Signer
  readonly gate: Gate
  readonly clients: ClientSource
  /** When secrets and keys of clients were last used. Written down from here on, until `close`. */
  readonly uses: CredentialUses
  readonly people: PersonSource
  readonly sessions: SessionSource
  readonly pages: TokenPages
  /** Throws when the proof behind a person's token is not enough for our own API. Default: it always is. */
  readonly holdToFactors?: (user: UserId, proof: TokenProof) => Promise<void>
  readonly onError: (where: string, error: unknown, requestId?: string) => void
  /** Seals what must be said again: the keyring. */
  readonly sealer: Sealer
  /** The way to servers of others: keys of clients, notices to them. */
  readonly outgoing: Outgoing
  /** Keys of outside issuers, where other rooms ask for them too. Default: its own. */
  readonly issuers?: IssuerKeys
  /** How the identity providers of people do. Default: there are none. */
  readonly providersHealth?: () => Promise<readonly ProviderState[]>
  /** The active machines that some workload of an outside issuer may be. */
  readonly machinesTrusting: (issuer: string) => Promise<readonly Machine[]>
  /** 32 bytes that every node has, for nonces. Default: random, good where there is one node. */
  readonly nonceSecret?: Buffer
  /** Public base address of a listener that asks for client certificates. */
  readonly mtlsUrl?: string | undefined
  /** What registration changes the directory with. */
  readonly directory: DirectoryDeps
  /** Whether a person or machine is active in an active organization: what API keys hang on. No I/O. */
  readonly isActive: (principal: EntityUid) => boolean
  /** Whether Gatehouse has an action of this name. */
  readonly isAction: (name: string) => boolean
  /** Whether programs may register themselves (RFC 7591), with a token for it. Default: they may not. */
  readonly registration?: boolean
  /** Where tokens are noted that are issued while the database is away. Default: then none are. */
  readonly spoolDirectory?: string
  /** Token requests that one client may make for long, a second. Default 100. */
  readonly requestsPerSecond?: number
  /** Makes the first key of an algorithm, when an application wants its ID tokens signed by it. */
  readonly ensureKey?: (algorithm: SigningAlgorithm) => Promise<void>
  /** Whether a key of RS256 is made as soon as somebody asks what there is, as OpenID Connect Discovery §3 has it. Default: yes. */
  readonly offerRs256?: boolean
  /** Client certificates. Default: there are none. */
  readonly certificates?: CertificateOptions
  /** How long a rotated refresh token may come again. Default 30 s. */
  readonly refreshGraceMs?: number
}

export interface Tokens {
  /** What acts for a person. */
  applicationsOf(userId: string): Promise<readonly OwnApplication[]>
  /** The application that an authorization under way is for, by the path at which it is taken up again. */
  applicationAt(path: string): Promise<string | undefined>
  /**
   * The claims of an access token of ours that counts now for this audience (an application's id, or the issuer for our own API).
   * No I/O; a token seen before costs microseconds.
   */
  verifyAccessToken(token: string, audience: string): AccessTokenClaims | undefined
  /**
   * Whom the access token that a request carries speaks for, checked as `verifyAccessToken` does, and that its sender holds what it is
   * bound to. `none` when it carries no access token.
   */
  verifyPresented(presented: PresentedRequest, audience: string): AccessTokenClaims | 'none' | undefined
  readonly uses: CredentialUses
  /** The revocations in force, as they come: for whoever checks tokens elsewhere. */
  readonly revocations: {
    all(): Iterable<Revocation>
    onAdd(listener: (revocation: Revocation) => void): () => void
    readonly position: number
  }
  /** Puts the protocol's routes into the shell and recognises bearer tokens at our own API. */
  attach(web: Web): Promise<void>
  close(): Promise<void>
}

/** Builds the token service and starts to follow the feed. */
export async function openTokens(deps: TokensDeps): Promise<Tokens> {
  const { url, storage, clock, meter, signer, people, sessions, pages, onError } = deps
  const revocations = new RevocationSet(clock)
  const certificates = readCertificates(
    deps.certificates ?? { isTrustedProxy: () => false, nowMs: () => clock.nowMs() },
  )
  const documents = new ClientDocuments({ db: storage.db, clock, outgoing: deps.outgoing })
  const source: ClientSource = {
    ...deps.clients,
    find: (clientId) => (clientId.startsWith('https:') ? documents.find(clientId) : deps.clients.find(clientId)),
  }
  const clients = new ClientCache(source, clock)
  const follower = await followRevocations({ storage, feed: deps.feed, revocations, clients })
  const { isActive, isAction } = deps
  const apiKeys = await openApiKeys({
    ...deps.directory,
    url,
    feed: deps.feed,
    meter,
    revocations,
    sessions,
    isActive,
    isAction,
    onError,
  })
  const verifier = new AccessTokenVerifier({ issuer: url, signer, revocations, clock, keys: apiKeys.set })
  meter.gauge(
    'token_revocations',
    'Revocations held in memory until the last token they concern has ended',
    [],
    function () {
      this.set(revocations.size)
    },
  )
  const presented = { verifier, proofs: new DpopProofs(clock), certificates }
  const refused = new RefusedTokens({ issuer: url, storage, clock, clients, verifier, onError })
  const verifyRequest = (request: PresentedRequest, audience: string) => {
    const claims = verifyPresented(presented, request, audience)
    if (claims === undefined) refused.note(request.request, audience === url ? 'api' : 'gateway', audience)
    return claims
  }
  const { sealer } = deps
  const refreshGraceMs = deps.refreshGraceMs ?? 30_000
  const notices = new NoticeDelivery({
    storage,
    clock,
    meter,
    clients,
    outgoing: deps.outgoing,
    write: { logout: writeLogout({ url, signer, clock }), ciba_ping: writePing(sealer) },
    onError,
  })
  const hurry = () => notices.hurry()
  await followSessionEnds({ storage, feed: deps.feed, clock, hurry })
  const needs = new Needs(storage)
  const keys = deps.issuers ?? new IssuerKeys({ outgoing: deps.outgoing, clock, meter, onError })
  const health = new FederationHealth({ clock, meter })
  const { spoolDirectory: directory } = deps
  const spool = directory === undefined ? undefined : new TokenSpool({ directory, storage, clock, meter, onError })
  const { entropy } = deps.directory
  const statusLists = new StatusLists({ url, storage, clock, entropy, signer, clients, revocations })
  const protocol = new Protocol({
    ensureKey: deps.offerRs256 === false ? undefined : deps.ensureKey,
    spool,
    statusLists,
    registration: deps.registration ?? false,
    documents: () => needs.documents,
    assertions: { url, clock, keys, health, machinesTrusting: deps.machinesTrusting },
    detailTypes: () => needs.detailTypes,
    requestsPerSecond: deps.requestsPerSecond ?? 100,
    uses: deps.uses,
    url,
    mayAct: (actor, action, subject, requestId) => deps.gate.may({ actor, requestId }, action, subject),
    storage,
    clock,
    meter,
    signer,
    clients,
    people,
    sessions,
    pages,
    revocations,
    verifier,
    refused,
    consents: { findScopes: (userId, clientId) => findConsentedScopes(storage.db, userId, clientId) },
    nonceSecret: deps.nonceSecret ?? randomBytes(32),
    certificates,
    mtlsUrl: deps.mtlsUrl,
    refreshGraceMs,
    sealer,
    outgoing: deps.outgoing,
    onError: (request, error) => onError('token protocol', error, request.id),
  })
  await needs.follow(deps.feed, async ({ algorithms }) => {
    for (const algorithm of algorithms) await deps.ensureKey?.(algorithm as SigningAlgorithm)
    protocol.rebuild()
  })
  const stopUses = deps.uses.run((error) => onError('uses of credentials', error))
  const expiry = expireArtifacts({ storage, clock, revocations, onError })
  return {
    verifyAccessToken: (token, audience) => verifier.verify(token, audience),
    verifyPresented: verifyRequest,
    uses: deps.uses,
    revocations: {
      all: () => revocations.all(),
      onAdd: (listener) => revocations.onAdd(listener),
      get position() {
        return follower.position
      },
    },
    applicationAt: (path) => applicationAt({ storage, clock }, path),
    applicationsOf: (userId) => listOwnApplications({ storage, clock, clients, revocations }, userId),
    attach: async (web) => {
      web.identifyBy(
        identifyByAccessToken({
          issuer: url,
          verify: verifyRequest,
          clients,
          people,
          holdToFactors: deps.holdToFactors,
        }),
      )
      web.add(...apiKeys.operations)
      web.add(...revocationOperations({ directory: deps.directory, sessions, verifier, revocations }))
      const providersHealth = deps.providersHealth ?? (async () => [])
      const federated = { health, keys, providersHealth, federatedMachines: () => federatedMachines(storage.db) }
      web.add(...federationOperations({ gate: deps.gate, ...federated }))
      const shared = storage.engine === 'sqlite' ? undefined : storage.db
      const introspection = { url, clock, clients, verifier, signer, shared }
      await mountProtocol(web.app, protocol, url, (request, reply) => introspectJwt(introspection, request, reply))
      const approvals = { url, storage, clock, protocol, clients, people, sessions, pages, revocations, hurry }
      if (deps.registration) await mountRegistration(web.app, { ...deps.directory, url })
      mountStatusLists(web.app, statusLists)
      mountResourceMetadata(web.app, { url, clients })
      await mountApprovals(web.app, { ...approvals, sealer, refreshGraceMs })
      await mountOwnApplications(web.app, { url, storage, clock, clients, people, sessions, pages, revocations })
      await mountConsent(web.app, { url, storage, clock, protocol, clients, people, sessions, pages })
    },
    close: async () => {
      await refused.settled()
      await apiKeys.close()
      await stopUses()
      keys.close()
      await spool?.stop()
      await notices.stop()
      await expiry.stop()
    },
  }
}
