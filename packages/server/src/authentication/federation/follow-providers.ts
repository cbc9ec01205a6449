import type { Feed, FeedEvent } from '#feed'
import type { Act } from '#kernel'
import type { Storage } from '#storage'
import { deleteIdentitiesAt } from './identity.store.ts'
import type { ProviderSessions } from './provider-sessions.ts'

const reasons: Readonly<Record<string, string>> = {
  'directory.provider_suspended': 'identity provider suspended',
  'directory.provider_deleted': 'identity provider deleted',
  'directory.provider_updated': 'identity provider trusted less',
}

/**
 * What hangs on a provider ends with it, on whatever node it happened: sessions that came by it, and with a deleted one the links
 * and the secret. Idempotent.
 */
export async function followProviders(deps: {
  readonly feed: Feed
  readonly storage: Storage
  readonly providerSessions: ProviderSessions
}): Promise<void> {
  const { feed, storage, providerSessions } = deps
  const handle = async ({ type, object, organizationId, requestId, data }: FeedEvent) => {
    const reason = reasons[type]
    if (reason === undefined || organizationId === undefined) return
    if (type === 'directory.provider_updated' && (data as { narrowed?: boolean }).narrowed !== true) return
    const act: Act = { actor: { type: 'system', name: 'federation' }, requestId }
    const { deleteProviderSecret } = await import('./provider-secret.ts')
    await storage.transact(async (tx) => {
      await providerSessions.end(tx, act, { organizationId, providerId: object.id }, reason)
      if (type !== 'directory.provider_deleted') return
      await deleteIdentitiesAt(tx, organizationId, object.id)
      await deleteProviderSecret(tx, organizationId, object.id)
    })
  }
  await feed.follow({
    name: 'authentication.providers',
    after: 'stored',
    handle: async (events) => {
      for (const event of events) if (event.type.startsWith('directory.provider_')) await handle(event)
    },
  })
}
