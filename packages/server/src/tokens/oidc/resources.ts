import type { ResourceServer } from 'oidc-provider'
import { isId } from '#kernel'
import type { RegisteredClient } from '../ports.ts'
import type { ClientCache } from './clients.ts'
import { accessTokenSeconds } from './lifetimes.ts'
import { apiScope, standardScopes } from './scopes.ts'
import { readyAlgorithm, type Signer } from './signing.ts'

/** The resource indicator (RFC 8707) of an application: its id as a URN. Its registered origins name it too. */
export const resourceOf = (clientId: string): string => `urn:gatehouse:${clientId}`

/** Whether a token for this audience would let the client act for a person at another application. */
export const isOthers = (audience: string, clientId: string): boolean => isId('app', audience) && audience !== clientId

/** The application that a resource indicator names: by its id, or by an address at one of its origins. */
export async function findNamedClient(resource: string, clients: ClientCache): Promise<RegisteredClient | undefined> {
  const named = /^urn:gatehouse:(app_[0-9a-z]{26})$/.exec(resource)?.[1]
  if (named !== undefined) return clients.find(named)
  // A path names a part of the application (RFC 8707 §2): as clients by the Model Context Protocol do.
  const { origin = resource } = URL.parse(resource) ?? {}
  return clients.findByOrigin(origin === 'null' ? resource : origin)
}

/**
 * What a token for `resource` is like; its `aud` is the application's id, or the issuer for Gatehouse's own API. A client may ask for
 * its own, for Gatehouse's API, and for any application of its own organization, with the scopes that both know: an audience says
 * where a token is good, a policy there says what for.
 * @returns undefined for anything else; which applications others have is not told
 */
export async function findResourceServer(
  resource: string,
  client: RegisteredClient,
  deps: { readonly clients: ClientCache; readonly url: string; readonly signer: Signer },
): Promise<ResourceServer | undefined> {
  // What a token may do at our own API is decided by the roles of whom it speaks for; a person's needs the one scope.
  if (resource === deps.url || resource === `${deps.url}/`) return describe(deps, deps.url, [apiScope], client)
  if (resource === resourceOf(client.id)) return describe(deps, client.id, client.scopes, client, client)
  const other = await findNamedClient(resource, deps.clients)
  if (other?.type !== 'application' || other.organizationId !== client.organizationId) return undefined
  const scopes = other.scopes.filter((scope) => client.anyScope || client.scopes.includes(scope))
  return describe(deps, other.id, scopes, client, other)
}

/** @param reader the application that the token is for: its tokens are signed by what it can check */
function describe(
  { signer }: { readonly signer: Signer },
  audience: string,
  scopes: readonly string[],
  client: RegisteredClient,
  reader?: RegisteredClient,
): ResourceServer {
  return {
    audience,
    scope: [...new Set([...standardScopes, ...scopes])].join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: accessTokenSeconds(client),
    jwt: { sign: { alg: readyAlgorithm(signer, reader?.oauth.accessTokenAlgorithm ?? 'ES256') } },
  }
}
