import { type Static, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import type { DirectoryDeps } from '../deps.ts'
import { makePage, readLimit, readTextCursor } from '../values/page.ts'
import { readId, readOrganizationId } from '../values/query.ts'
import { closed, oneOf, pageOf, pageQuery, reasonBody, stamps, text } from '../values/schema.ts'
import { visibleOrganizations } from '../visible.ts'
import { createProvider, deleteProvider, moveProvider, updateProvider } from './change-provider.ts'
import { listProviders, requireProvider } from './provider.store.ts'
import { type Provider, parseProviderId, providerAuthMethods, providerStates } from './provider.ts'

const list = (most: number, length: number, description: string) =>
  Type.Array(text(length), { maxItems: most, description })
const own = {
  name: text(63, 'Unique in the organization; a DNS label. Sign-in policies know it as context.provider'),
  displayName: text(400, 'What people read: “Continue with …”'),
  authMethod: oneOf(providerAuthMethods, 'private_key_jwt: by the keys Gatehouse publishes, without a secret'),
  scopes: list(20, 200, 'Asked for there; openid always is'),
  domains: list(100, 253, 'E-mail domains whose people it is offered to, and whose unknown people it may bring'),
  provisions: Type.Boolean({
    description: 'Whether people nobody knows here get an account, or wait for one, as the registration rules say',
  }),
  trustedAcr: list(20, 200, 'Values of acr that count as a second factor of ours; needs the right trustProviders'),
  trustedAmr: list(20, 200, 'Values of amr that do'),
}
const fixed = {
  issuer: text(1_000, 'The iss of its ID tokens; its metadata is found there by discovery'),
  clientId: text(300, 'Ours there'),
}
const { name, ...rest } = own
const members = Object.fromEntries(Object.entries(rest).map(([key, schema]) => [key, Type.Optional(schema)])) as {
  [K in keyof typeof rest]: ReturnType<typeof Type.Optional<(typeof rest)[K]>>
}
const view = closed({
  id: Type.String(),
  organizationId: Type.String(),
  ...own,
  ...fixed,
  state: oneOf(providerStates),
  ...stamps,
})
const params = closed({ providerId: Type.String() })
const show = (provider: Provider) => provider as unknown as Static<typeof view>

export function providerOperations(deps: DirectoryDeps): Operation[] {
  const { db } = deps.storage
  const transition = (verb: 'activate' | 'suspend', summary: string) =>
    operation({
      id: `providers.${verb}`,
      method: 'POST',
      url: `/api/providers/:providerId/${verb}`,
      summary,
      access: { kind: 'action', action: 'manageProviders' },
      schemas: { params, body: reasonBody, reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const options = { reason: body?.reason, ifRevision }
        const { value, at } = await moveProvider(deps, act, parseProviderId(params.providerId), verb, options)
        return new Answer(show(value), { revision: value.revision, at })
      },
    })
  return [
    operation({
      id: 'providers.create',
      method: 'POST',
      url: '/api/providers',
      summary: 'Set up an identity provider (OpenID Connect) by which people of an organization sign in',
      access: { kind: 'action', action: 'manageProviders' },
      schemas: { body: closed({ organizationId: Type.String(), name, ...fixed, ...members }), reply: view },
      handle: async ({ act, body: { organizationId, ...input } }) => {
        const organization = readId('org', '/organizationId', organizationId)
        const { value, at } = await createProvider(deps, act, organization, input)
        const location = `/api/providers/${value.id}`
        return new Answer(show(value), { status: 201, revision: value.revision, at, location })
      },
    }),
    operation({
      id: 'providers.list',
      method: 'GET',
      url: '/api/providers',
      summary: 'Identity providers that you may view, by organization and name',
      access: { kind: 'action', action: 'viewProviders' },
      schemas: {
        query: closed({
          organizationId: Type.Optional(Type.String()),
          name: Type.Optional(text(63, 'Exactly this name')),
          prefix: Type.Optional(text(63, 'Names that begin so')),
          state: Type.Optional(oneOf(providerStates)),
          ...pageQuery,
        }),
        reply: pageOf(view),
      },
      handle: async ({ act, query: { organizationId, limit: asked, cursor, ...filter } }) => {
        const limit = readLimit(asked)
        const after = readTextCursor('providers', cursor, ['string', 'string', 'string'])
        const organization = readOrganizationId(organizationId)
        const organizationIds = await visibleOrganizations(deps, act, 'viewProviders', organization)
        const rows = await listProviders(db, { organizationIds, ...filter }, { after, limit: limit + 1 })
        return makePage('providers', limit, rows, (row) => [row.organizationId, row.name, row.id], show)
      },
    }),
    operation({
      id: 'providers.get',
      method: 'GET',
      url: '/api/providers/:providerId',
      summary: 'One identity provider',
      access: { kind: 'action', action: 'viewProviders' },
      schemas: { params, reply: view },
      handle: async ({ act, params }) => {
        const found = await requireProvider(db, parseProviderId(params.providerId))
        deps.gate.require(act, 'viewProviders', { type: 'Organization', id: found.organizationId })
        return new Answer(show(found), { revision: found.revision })
      },
    }),
    operation({
      id: 'providers.update',
      method: 'PATCH',
      url: '/api/providers/:providerId',
      summary: 'Change the members that are given; what it may vouch for more needs trustProviders',
      access: { kind: 'action', action: 'manageProviders' },
      schemas: { params, body: closed({ name: Type.Optional(name), ...members }), reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const { value, at } = await updateProvider(deps, act, parseProviderId(params.providerId), body, ifRevision)
        return new Answer(show(value), { revision: value.revision, at })
      },
    }),
    transition('activate', 'Let people sign in by it again'),
    transition('suspend', 'Let nobody sign in by it for now; sessions that came by it end'),
    operation({
      id: 'providers.delete',
      method: 'DELETE',
      url: '/api/providers/:providerId',
      summary: 'Delete an identity provider, with all links of people to it',
      access: { kind: 'action', action: 'manageProviders' },
      schemas: { params },
      handle: async ({ act, params, ifRevision }) => {
        const { at } = await deleteProvider(deps, act, parseProviderId(params.providerId), ifRevision)
        return new Answer(undefined, { at })
      },
    }),
  ]
}
