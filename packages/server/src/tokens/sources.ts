import {
  type Application,
  type CredentialUses,
  defaultOAuth,
  findApplication,
  findApplicationByOrigin,
  findMachine,
  findOrganization,
  findUser,
  findUserByLogin,
  type Machine,
  machinesTrusting,
  type Organization,
  type User,
  validKeys,
  verifyClientSecret,
} from '#directory'
import { type Clock, isId, Secret } from '#kernel'
import type { Reader } from '#storage'
import { commandLineClient, commandLineId } from './built-in-client.ts'
import type { ClientSource, Person, PersonSource, RegisteredClient } from './ports.ts'

interface Deps {
  readonly db: Reader
  readonly clock: Clock
  /** Told of each secret that proves somebody. */
  readonly uses?: Pick<CredentialUses, 'note'>
}

/** The directory's applications and machines as OAuth clients. */
export function directoryClients(deps: Deps): ClientSource {
  const { db } = deps
  const ofApplication = async (application: Application | undefined): Promise<RegisteredClient | undefined> => {
    if (application === undefined || application.state !== 'active') return undefined
    const organization = await findOrganization(db, application.organizationId)
    return organization?.state === 'active' ? applicationClient(application, organization, deps) : undefined
  }
  const ofMachine = async (machine: Machine | undefined): Promise<RegisteredClient | undefined> => {
    if (machine === undefined || machine.state !== 'active') return undefined
    const organization = await findOrganization(db, machine.organizationId)
    return organization?.state === 'active' ? machineClient(machine, organization, deps) : undefined
  }
  return {
    find: async (clientId) => {
      if (isId('app', clientId)) return ofApplication(await findApplication(db, clientId))
      if (isId('machine', clientId)) return ofMachine(await findMachine(db, clientId))
      return clientId === commandLineId ? commandLineClient(db) : undefined
    },
    findByOrigin: async (origin) => ofApplication(await findApplicationByOrigin(db, origin)),
  }
}

const limitsOf = ({ settings }: Organization) => settings.tokens ?? {}

/** Whether a secret is one of the client's that are in force; a use of it is noted. */
function verifySecretOf(client: Application | Machine, { clock, uses }: Deps): RegisteredClient['verifySecret'] {
  const onUse = (secretId: string) => uses?.note(client.id, secretId)
  return (secret) => verifyClientSecret(client, new Secret(secret), clock.nowMs(), onUse)
}

function applicationClient(application: Application, organization: Organization, deps: Deps): RegisteredClient {
  const { tokenLifetimes, credentials } = application
  return {
    id: application.id,
    type: 'application',
    organizationId: application.organizationId,
    name: application.displayName,
    ...keysOf(application, deps),
    authMethod: credentials.authMethod,
    origins: application.origins,
    redirectUris: application.redirectUris,
    postLogoutRedirectUris: application.postLogoutRedirectUris,
    grantTypes: application.grantTypes,
    scopes: application.scopes,
    consent: application.consentRequired,
    oauth: application.oauth,
    limits: limitsOf(organization),
    native: application.kind === 'native',
    ...tokenLifetimes,
    verifySecret: verifySecretOf(application, deps),
  }
}

function machineClient(machine: Machine, organization: Organization, deps: Deps): RegisteredClient {
  return {
    id: machine.id,
    type: 'machine',
    organizationId: machine.organizationId,
    name: machine.name,
    owner: machine.owner,
    ...keysOf(machine, deps),
    authMethod: machine.credentials.authMethod,
    redirectUris: [],
    postLogoutRedirectUris: [],
    grantTypes: ['client_credentials'],
    scopes: machine.scopes,
    consent: false,
    oauth: defaultOAuth,
    limits: limitsOf(organization),
    native: false,
    accessTokenSeconds: machine.accessTokenSeconds,
    verifySecret: verifySecretOf(machine, deps),
  }
}

function keysOf({ credentials }: Pick<Application, 'credentials'>, { clock }: Deps) {
  const needed = ['private_key_jwt', 'self_signed_tls_client_auth'].includes(credentials.authMethod)
  if (!needed && credentials.keys.length === 0) return {}
  const keys = validKeys(credentials, clock.nowMs())
  const ends = keys.map((key) => key.expiresAtMs).filter((end) => end !== undefined)
  return {
    jwks: { keys: keys.map((key) => ({ ...key.jwk })) },
    ...(ends.length > 0 && { readAgainAtMs: Math.min(...ends) }),
  }
}

/** The directory's people; only those in force. */
export function directoryPeople({ db }: Deps): PersonSource {
  const toPerson = async (user: User | undefined): Promise<Person | undefined> => {
    if (user?.state !== 'active') return undefined
    const organization = await findOrganization(db, user.organizationId)
    if (organization?.state !== 'active') return undefined
    return {
      id: user.id,
      organizationId: user.organizationId,
      username: user.username,
      updatedAtMs: user.updatedAtMs,
      ...(organization.settings.tokens?.commandLine === false && { commandLine: false }),
      ...(user.displayName !== undefined && { name: user.displayName }),
      ...(user.email !== undefined && { email: user.email, emailVerified: user.emailVerified }),
    }
  }
  return {
    find: async (userId) => (isId('user', userId) ? toPerson(await findUser(db, userId)) : undefined),
    findByLogin: async (organizationId, login) => toPerson(await findUserByLogin(db, organizationId, login)),
  }
}

/** The active machines of active organizations that some workload of an outside issuer may be. */
export async function trustingMachines({ db }: Pick<Deps, 'db'>, issuer: string): Promise<Machine[]> {
  const machines: Machine[] = []
  for (const machine of await machinesTrusting(db, issuer)) {
    if (machine.state !== 'active') continue
    const organization = await findOrganization(db, machine.organizationId)
    if (organization?.state === 'active') machines.push(machine)
  }
  return machines
}
