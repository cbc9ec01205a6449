import type Provider from 'oidc-provider'
import type { RegisteredClient } from '../ports.ts'
import { type ClientCache, keep, toMetadata } from './clients.ts'

const registered = new WeakMap<object, RegisteredClient>()

/** The registered client behind one of the provider's, for what its metadata has no word for. */
export const registeredOf = (client: object): RegisteredClient | undefined => registered.get(client)

/**
 * Looks clients up in our cache, past the provider's own of one hundred, and compares secrets by their stored hashes. Both are
 * methods of the provider's public `Client` model.
 */
export function useOurClients(provider: Provider, clients: ClientCache): void {
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
    const known = made.get(clientId)
    if (known !== undefined && registered.get(known) === found) return known
    const client = new Client(toMetadata(found))
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
