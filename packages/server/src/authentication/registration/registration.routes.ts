import { type Act, Fault, Type } from '#kernel'
import { Answer, makeCursor, type Operation, operation, readCursor } from '#web'
import type { Organization } from '../deps.ts'
import type { Services } from '../services.ts'
import { approveRegistration, refuseRegistration } from './decide.ts'
import { listRegistrations } from './registration.store.ts'

const params = Type.Object({ organizationId: Type.String(), registrationId: Type.String() })
const one = Type.Object({
  id: Type.String(),
  username: Type.String(),
  name: Type.String(),
  email: Type.String({ description: 'Confirmed by a letter' }),
  language: Type.String(),
  askedAtMs: Type.Integer(),
})

/** Accounts that people asked for, and what an administrator decides. */
export function registrationOperations(services: Services): Operation[] {
  const { storage, people, gate } = services
  const required = async (act: Act, named: string): Promise<Organization> => {
    const organization = await people.findOrganization(storage.db, named)
    if (organization === undefined) throw new Fault('authentication.organization_unknown')
    gate.require(act, 'inviteUser', { type: 'Organization', id: organization.id })
    return organization
  }
  return [
    operation({
      id: 'registrations.list',
      method: 'GET',
      url: '/api/organizations/:organizationId/registrations',
      summary: 'Accounts that people asked for and nobody has decided about, oldest first',
      access: { kind: 'action', action: 'inviteUser' },
      schemas: {
        params: Type.Object({ organizationId: Type.String() }),
        query: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
          cursor: Type.Optional(Type.String({ maxLength: 2_000 })),
        }),
        reply: Type.Object({ items: Type.Array(one), next: Type.Optional(Type.String()) }),
      },
      handle: async ({ act, params, query }) => {
        const { id } = await required(act, params.organizationId)
        const limit = query.limit ?? 50
        const after = query.cursor === undefined ? '' : String(readCursor('registrations', query.cursor, ['string'])[0])
        const found = await listRegistrations(storage.db, id, after, limit + 1)
        const items = found.slice(0, limit).map(({ organizationId: _, ...each }) => each)
        const last = items.at(-1)
        return { items, ...(found.length > limit && last && { next: makeCursor('registrations', [last.id]) }) }
      },
    }),
    operation({
      id: 'registrations.approve',
      method: 'POST',
      url: '/api/organizations/:organizationId/registrations/:registrationId/approve',
      summary: 'Make the user, and send them a link to enrol by',
      access: { kind: 'action', action: 'inviteUser' },
      schemas: { params, reply: Type.Object({ userId: Type.String(), username: Type.String() }) },
      handle: async ({ act, params }) => {
        const organization = await required(act, params.organizationId)
        const { value, at } = await approveRegistration(services, act, organization, params.registrationId)
        return new Answer({ userId: value.id, username: value.username }, { status: 201, at })
      },
    }),
    operation({
      id: 'registrations.refuse',
      method: 'POST',
      url: '/api/organizations/:organizationId/registrations/:registrationId/refuse',
      summary: 'Delete what was asked for, and tell the address',
      access: { kind: 'action', action: 'inviteUser' },
      schemas: { params },
      handle: async ({ act, params }) => {
        const organization = await required(act, params.organizationId)
        const { at } = await refuseRegistration(services, act, organization, params.registrationId)
        return new Answer(undefined, { at })
      },
    }),
  ]
}
