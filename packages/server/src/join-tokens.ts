// What the token service is joined with: the directory, sign-in, policies and keys.
import { join } from 'node:path'
import {
  type Authentication,
  describeIdentityProviders,
  holdToFactors,
  protocolPages,
  sessionSource,
} from '#authentication'
import type { Authorization } from '#authorization'
import type { Config } from '#config'
import { CredentialUses } from '#directory'
import type { Feed } from '#feed'
import type { Clock, Entropy, Meter } from '#kernel'
import type { Keyring } from '#keyring'
import type { Storage } from '#storage'
import { directoryClients, directoryPeople, openTokens, sharedSecret, type Tokens, trustingMachines } from '#tokens'
import type { IssuerKeys, Outgoing, Web } from '#web'

interface Joined {
  readonly config: Config
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly keyring: Keyring
  readonly authorization: Authorization
  readonly authentication: Authentication
  readonly web: Web
  readonly outgoing: Outgoing
  readonly issuers: IssuerKeys
  readonly onError: (where: string, error: unknown) => void
}

export async function joinTokens(house: Joined): Promise<Tokens> {
  const { config, storage, feed, clock, entropy, meter, keyring, authentication, web, outgoing, onError } = house
  const { gate, snapshot } = house.authorization
  const uses = new CredentialUses({ storage, clock })
  const tokens = await openTokens({
    url: config.url,
    storage,
    feed,
    clock,
    meter,
    signer: keyring,
    gate,
    machinesTrusting: (issuer) => trustingMachines({ db: storage.db }, issuer),
    clients: directoryClients({ db: storage.db, clock, uses }),
    uses,
    people: directoryPeople({ db: storage.db, clock }),
    sessions: sessionSource(authentication.services),
    pages: protocolPages(authentication.services),
    holdToFactors: holdToFactors(authentication.services),
    mtlsUrl: config.mtls?.url,
    sealer: keyring,
    outgoing,
    issuers: house.issuers,
    providersHealth: () => describeIdentityProviders(authentication.services),
    requestsPerSecond: config.clientRequestsPerSecond,
    directory: { storage, clock, entropy, gate },
    isActive: (principal) => snapshot.directory.stateOf(principal) === 'fit',
    isAction: (name) => snapshot.builtin.actions.has(name),
    registration: config.registration,
    spoolDirectory: join(config.dataDirectory, 'spool'),
    ensureKey: (algorithm) => keyring.ensure(algorithm),
    nonceSecret: await sharedSecret(keyring, 'tokens.nonce'),
    certificates: {
      header: config.clientCertificateHeader,
      authorities: config.clientAuthorities,
      isTrustedProxy: web.isTrustedProxy,
      nowMs: () => clock.nowMs(),
    },
    onError,
  })
  const { exports, destinations } = authentication.services
  destinations.add((path) => tokens.applicationAt(path))
  exports.push({ name: 'applications', read: (person) => tokens.applicationsOf(person.id) })
  return tokens
}
