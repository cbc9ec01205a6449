import type Provider from 'oidc-provider'
import { assertionGrant, exchangeGrant } from '../exchange/grant-types.ts'
import type { RegisteredClient } from '../ports.ts'
import { type ClientCache, keep, toMetadata } from './clients.ts'
import { readyAlgorithm, type Signer } from './signing.ts'
import { Unit } from './unit.ts'

const registered = new WeakMap<object, RegisteredClient>()

/** The registered client behind one of the provider's, for what its metadata has no word for. */
export const registeredOf = (client: object): RegisteredClient | undefined => registered.get(client)

/** For a workload that its own issuer has vouched for: see `workloads/federate.ts`. */
function withoutSecret(metadata: Record<string, unknown>): Record<string, unknown> {
  const { client_secret: _, jwks: __, jwks_uri: ___, ...rest } = metadata
  return { ...rest, token_endpoint_auth_method: 'none', grant_types: [exchangeGrant, assertionGrant] }
}

/**
 * Looks clients up in our cache, past the provider's own of one hundred, and compares secrets by their stored hashes. Both are
 * methods of the provider's public `Client` model.
 */
export function useOurClients(provider: Provider, clients: ClientCache, signer: Signer): void {
  type ProviderClient = InstanceType<Provider['Client']>
  const Client = provider.Client as unknown as {
    new (metadata: Record<string, unknown>): ProviderClient
    find(clientId: unknown): Promise<ProviderClient | undefined>
    prototype: {
      compareClientSecret(this: ProviderClient, secret: string): Promise<boolean>
      backchannelLogout(): Promise<void>
      backchannelPing(): Promise<void>
    }
  }
  const made = new Map<string, ProviderClient>()
  Client.find = async (clientId) => {
    if (typeof clientId !== 'string' || clientId === '') return undefined
    const found = await clients.find(clientId)
    if (found === undefined) return undefined
    if (Unit.find()?.federated?.machine.id === clientId) {
      const client = new Client(withoutSecret(toMetadata(found, (alg) => readyAlgorithm(signer, alg))))
      registered.set(client, found)
      return client
    }
    const known = made.get(clientId)
    if (known !== undefined && registered.get(known) === found) return known
    const client = new Client(toMetadata(found, (alg) => readyAlgorithm(signer, alg)))
    registered.set(client, found)
    keep(made, clientId, client)
    return client
  }
  // Told by notices that are kept and tried again (`notices/`), not once in the middle of a request.
  Client.prototype.backchannelLogout = async () => undefined
  Client.prototype.backchannelPing = async () => undefined
  Client.prototype.compareClientSecret = async function (secret) {
    return (await clients.find(this.clientId))?.verifySecret(secret) ?? false
  }
}
