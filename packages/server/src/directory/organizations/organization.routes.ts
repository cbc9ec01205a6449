import { type Static, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import type { DirectoryDeps } from '../deps.ts'
import { makePage, readLimit, readTextCursor } from '../values/page.ts'
import { closed, oneOf, pageOf, pageQuery, reasonBody, stamps, text } from '../values/schema.ts'
import { visibleOrganizations } from '../visible.ts'
import { moveOrganization, updateOrganization } from './change-organization.ts'
import { createOrganization } from './create-organization.ts'
import { listOrganizations, requireOrganization } from './organization.store.ts'
import { type Organization, organizationStates, parseOrganizationId } from './organization.ts'
import { organizationSettings } from './settings.schema.ts'

const members = {
  displayName: Type.Optional(text(400)),
  domains: Type.Optional(Type.Array(text(253), { maxItems: 100, description: 'E-mail domains you vouch for' })),
  settings: Type.Optional(organizationSettings),
}
const name = text(63, 'Unique in the deployment; a DNS label')
const view = closed({
  id: Type.String(),
  name: Type.String(),
  displayName: Type.String(),
  domains: Type.Array(Type.String()),
  settings: organizationSettings,
  state: oneOf(organizationStates),
  ...stamps,
})
const params = closed({ organizationId: Type.String() })

export function organizationOperations(deps: DirectoryDeps): Operation[] {
  const { db } = deps.storage
  const show = (organization: Organization) => organization as unknown as Static<typeof view>
  const transition = (verb: 'activate' | 'suspend', summary: string) =>
    operation({
      id: `organizations.${verb}`,
      method: 'POST',
      url: `/api/organizations/:organizationId/${verb}`,
      summary,
      access: { kind: 'action', action: 'updateOrganization' },
      schemas: { params, body: reasonBody, reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const id = parseOrganizationId(params.organizationId)
        const { value, at } = await moveOrganization(deps, act, id, verb, { reason: body?.reason, ifRevision })
        return new Answer(show(value), { revision: value.revision, at })
      },
    })
  return [
    operation({
      id: 'organizations.create',
      method: 'POST',
      url: '/api/organizations',
      summary: 'Create an organization',
      access: { kind: 'action', action: 'createOrganization' },
      schemas: { body: closed({ name, ...members }), reply: view },
      handle: async ({ act, body }) => {
        const { value, at } = await createOrganization(deps, act, body)
        const location = `/api/organizations/${value.id}`
        return new Answer(show(value), { status: 201, revision: value.revision, at, location })
      },
    }),
    operation({
      id: 'organizations.list',
      method: 'GET',
      url: '/api/organizations',
      summary: 'The organizations that you may view, by name',
      access: { kind: 'action', action: 'viewOrganization' },
      schemas: {
        query: closed({
          name: Type.Optional(text(63, 'Exactly this name')),
          prefix: Type.Optional(text(63, 'Names that begin so')),
          state: Type.Optional(oneOf(organizationStates)),
          ...pageQuery,
        }),
        reply: pageOf(view),
      },
      handle: async ({ act, query }) => {
        const limit = readLimit(query.limit)
        const after = readTextCursor('organizations', query.cursor, ['string'])?.[0]
        const ids = await visibleOrganizations(deps, act, 'viewOrganization', undefined)
        const rows = await listOrganizations(db, { ...query, ids, after, limit: limit + 1 })
        return makePage('organizations', limit, rows, (row) => [row.name], show)
      },
    }),
    operation({
      id: 'organizations.get',
      method: 'GET',
      url: '/api/organizations/:organizationId',
      summary: 'One organization',
      access: { kind: 'action', action: 'viewOrganization' },
      schemas: { params, reply: view },
      handle: async ({ act, params }) => {
        const found = await requireOrganization(db, parseOrganizationId(params.organizationId))
        deps.gate.require(act, 'viewOrganization', { type: 'Organization', id: found.id })
        return new Answer(show(found), { revision: found.revision })
      },
    }),
    operation({
      id: 'organizations.update',
      method: 'PATCH',
      url: '/api/organizations/:organizationId',
      summary: 'Change the members that are given',
      access: { kind: 'action', action: 'updateOrganization' },
      schemas: { params, body: closed({ name: Type.Optional(name), ...members }), reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const id = parseOrganizationId(params.organizationId)
        const { value, at } = await updateOrganization(deps, act, id, body, ifRevision)
        return new Answer(show(value), { revision: value.revision, at })
      },
    }),
    transition('suspend', 'End all access of the people and programs of an organization, for now'),
    transition('activate', 'Let the people and programs of a suspended organization in again'),
    operation({
      id: 'organizations.delete',
      method: 'DELETE',
      url: '/api/organizations/:organizationId',
      summary: 'Delete an organization that has nothing in it any more',
      access: { kind: 'action', action: 'deleteOrganization' },
      schemas: { params },
      handle: async ({ act, params, ifRevision }) => {
        const id = parseOrganizationId(params.organizationId)
        const { at } = await moveOrganization(deps, act, id, 'delete', { ifRevision })
        return new Answer(undefined, { at })
      },
    }),
  ]
}
