import { parseProviderId, requireProvider } from '#directory'
import { type Act, Fault, isId, Secret, Type, type UserId } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import type { Person } from '../deps.ts'
import type { Services } from '../services.ts'
import { listIdentities } from './identity.store.ts'
import { providerStateShape } from './provider-state.schema.ts'
import '../faults.ts'

const time = Type.Optional(Type.Integer({ description: 'Milliseconds since the Unix epoch' }))
const identity = Type.Object({
  id: Type.String(),
  provider: Type.Object({
    id: Type.String(),
    name: Type.String(),
    displayName: Type.String(),
    active: Type.Boolean(),
  }),
  subject: Type.String({ description: 'What the provider knows them by' }),
  email: Type.Optional(Type.String()),
  linkedAtMs: Type.Integer(),
  usedAtMs: time,
})

/** Linked identities as administrators see them, and how Gatehouse is known at a provider. */
export function identityOperations(services: Services): Operation[] {
  const { storage, people, gate, upstream, clock, keyring, url, issuers, providerSessions } = services
  const personOf = async (act: Act, id: string, action: string): Promise<Person> => {
    const found = isId('user', id) ? await people.find(storage.db, id as UserId) : undefined
    if (found === undefined) throw new Fault('directory.user_unknown')
    gate.require(act, action, { type: 'User', id: found.id })
    return found
  }
  return [
    operation({
      id: 'users.identities',
      method: 'GET',
      url: '/api/users/:userId/identities',
      summary: 'Identities at providers by which a user may sign in',
      access: { kind: 'action', action: 'viewUser' },
      schemas: {
        params: Type.Object({ userId: Type.String() }),
        reply: Type.Object({ items: Type.Array(identity) }),
      },
      handle: async ({ act, params }) => {
        const person = await personOf(act, params.userId, 'viewUser')
        const { describeIdentities } = await import('./link-identity.ts')
        const items = await describeIdentities(storage.db, services, person)
        return {
          items: items.map(({ knownAs, usedAtMs, ...it }) => ({
            ...it,
            ...knownAs,
            ...(usedAtMs !== undefined && { usedAtMs }),
          })),
        }
      },
    }),
    operation({
      id: 'users.unlinkIdentity',
      method: 'DELETE',
      url: '/api/users/:userId/identities/:identityId',
      summary: 'Unlink an identity: sessions that came by it end',
      access: { kind: 'action', action: 'resetFactors' },
      schemas: { params: Type.Object({ userId: Type.String(), identityId: Type.String() }) },
      handle: async ({ act, params }) => {
        const person = await personOf(act, params.userId, 'resetFactors')
        const { removeIdentity } = await import('./link-identity.ts')
        const { at } = await storage.write(async (tx) => {
          const all = await listIdentities(tx, person.organizationId, person.id)
          const it = all.find(({ id }) => id === params.identityId)
          if (it === undefined) throw new Fault('authentication.identity_unknown')
          await removeIdentity(tx, services, act, person, it, 'administrator')
          await providerSessions.end(tx, act, { ...it, identityId: it.id }, 'identity unlinked')
        })
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'providers.setSecret',
      method: 'PUT',
      url: '/api/providers/:providerId/secret',
      summary: 'Set the client secret by which Gatehouse is known there, in place of any former one; it is never shown',
      access: { kind: 'action', action: 'manageProviders' },
      schemas: {
        params: Type.Object({ providerId: Type.String() }),
        body: Type.Object(
          { secret: Type.String({ minLength: 1, maxLength: 1_000, pattern: '^[\\x21-\\x7e]+$' }) },
          { additionalProperties: false },
        ),
      },
      handle: async ({ act, params, body }) => {
        const provider = await requireProvider(storage.db, parseProviderId(params.providerId))
        gate.require(act, 'manageProviders', { type: 'Organization', id: provider.organizationId })
        const { saveProviderSecret } = await import('./provider-secret.ts')
        const { at } = await storage.write((tx) =>
          saveProviderSecret(tx, { keyring, clock }, act, provider, new Secret(body.secret)),
        )
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'providers.health',
      method: 'GET',
      url: '/api/providers/:providerId/health',
      summary:
        'How a provider does, as this node sees it: who came by it, failures by reason, latency, age of its keys',
      access: { kind: 'action', action: 'viewProviders' },
      schemas: { params: Type.Object({ providerId: Type.String() }), reply: providerStateShape },
      handle: async ({ act, params }) => {
        const provider = await requireProvider(storage.db, parseProviderId(params.providerId))
        gate.require(act, 'viewProviders', { type: 'Organization', id: provider.organizationId })
        const { describeProvider } = await import('./describe-providers.ts')
        const state = await describeProvider(services, provider)
        if (state === undefined) throw new Fault('directory.provider_unknown')
        return { ...state, failed: { ...state.failed } }
      },
    }),
    operation({
      id: 'providers.check',
      method: 'POST',
      url: '/api/providers/:providerId/check',
      summary: 'Ask a provider what it says of itself, and tell what must be registered there',
      access: { kind: 'action', action: 'manageProviders' },
      schemas: {
        params: Type.Object({ providerId: Type.String() }),
        reply: Type.Object({
          reachable: Type.Boolean(),
          problem: Type.Optional(Type.String()),
          redirectUri: Type.String({ description: 'To be registered there' }),
          jwksUri: Type.String({ description: 'To be registered there, for private_key_jwt' }),
          backchannelLogoutUri: Type.String({ description: 'To be registered there, where sign-out is to reach us' }),
          authorizationEndpoint: Type.Optional(Type.String()),
          tokenEndpoint: Type.Optional(Type.String()),
          keys: Type.Optional(Type.Integer()),
          fetchedAtMs: time,
        }),
      },
      handle: async ({ act, params }) => {
        const provider = await requireProvider(storage.db, parseProviderId(params.providerId))
        gate.require(act, 'manageProviders', { type: 'Organization', id: provider.organizationId })
        const { callbackOf, UpstreamProblem } = await import('./upstream.ts')
        const ours = {
          redirectUri: callbackOf(url, provider),
          jwksUri: `${url}/oauth/jwks`,
          backchannelLogoutUri: `${callbackOf(url, provider)}/logout`,
        }
        try {
          const { authorization_endpoint, token_endpoint } = await (await upstream()).metadataOf(provider)
          const { keys, fetchedAtMs } = issuers.stateOf(provider) ?? {}
          return {
            ...ours,
            reachable: true,
            authorizationEndpoint: authorization_endpoint as string,
            tokenEndpoint: token_endpoint as string,
            ...(keys !== undefined && { keys }),
            ...(fetchedAtMs !== undefined && { fetchedAtMs }),
          }
        } catch (error) {
          if (!(error instanceof UpstreamProblem)) throw error
          return { ...ours, reachable: false, problem: error.message }
        }
      },
    }),
  ]
}
