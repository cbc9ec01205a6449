import { defaultOAuth, findOrganizationByName, homeName } from '#directory'
import type { ApplicationId } from '#kernel'
import type { Reader } from '#storage'
import type { Person, RegisteredClient } from './ports.ts'

/** The `client_id` of the command line, the same in every installation: `gatehouse login` needs nothing registered. */
export const commandLineId = 'gatehouse-cli'

/** INVARIANT: a person whose organization has the command line off is nobody to it: at sign-in, at renewal, and with what they hold. */
export const isBarredFrom = (person: Pick<Person, 'commandLine'>, clientId: string | undefined): boolean =>
  clientId === commandLineId && person.commandLine === false

/**
 * The command line as a client that every installation has: public, by the device flow alone (RFC 8628), so that there is no address
 * a code could be led to. It belongs to no tenant: people of every organization sign in with it, its limits are the operator's own. The
 * operator may have it off (`settings.tokens.commandLine` of `home`), and each organization for its own people.
 */
export async function commandLineClient(db: Reader): Promise<RegisteredClient | undefined> {
  const home = await findOrganizationByName(db, homeName)
  if (home?.state !== 'active' || home.settings.tokens?.commandLine === false) return undefined
  return {
    // INVARIANT: such an id never looks like one of ours, so nothing takes it for an application's.
    id: commandLineId as ApplicationId,
    type: 'application',
    organizationId: home.id,
    anyOrganization: true,
    name: 'Gatehouse on the command line',
    authMethod: 'none',
    redirectUris: [],
    postLogoutRedirectUris: [],
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    scopes: ['openid', 'profile'],
    consent: true,
    oauth: defaultOAuth,
    native: true,
    limits: home.settings.tokens ?? {},
    verifySecret: () => false,
  }
}
