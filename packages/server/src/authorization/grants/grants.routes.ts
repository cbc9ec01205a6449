import { type ApplicationId, Fault, type GrantId, isId, type OrganizationId, type Static, Type } from '#kernel'
import { Answer, makeCursor, type Operation, operation, pageDefault, pageMost, readCursor } from '#web'
import type { AuthorizationDeps } from '../deps.ts'
import '../faults.ts'
import { deployment } from '../gate/gate.ts'
import { principalOf } from '../gate/principal.ts'
import { createGrant, requireForGrant } from './create-grant.ts'
import { type GrantFilter, listGrants } from './grant.store.ts'
import { type Grant, isInForce } from './grant.ts'
import { requireGrant, revokeGrant } from './revoke-grant.ts'

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000]*$' })
const uid = Type.Object({ type: text(200), id: text(1_000) }, { additionalProperties: false })
const timeMs = Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000, description: 'Milliseconds since the epoch' })
const applicationId = Type.String({
  description: 'The application whose bundle has the role; none for a built-in role',
})

const grantBody = Type.Object(
  {
    role: text(200),
    applicationId: Type.Optional(applicationId),
    principal: uid,
    resource: uid,
    fromMs: Type.Optional(timeMs),
    untilMs: Type.Optional(timeMs),
    why: text(1_000),
  },
  { additionalProperties: false },
)

const grantReply = Type.Object({
  id: Type.String(),
  organizationId: Type.Optional(Type.String()),
  applicationId: Type.Optional(applicationId),
  role: Type.String(),
  principal: uid,
  resource: uid,
  fromMs: timeMs,
  untilMs: Type.Optional(timeMs),
  state: Type.Unsafe<'pending' | 'in_force' | 'ended'>({ type: 'string', enum: ['pending', 'in_force', 'ended'] }),
  why: Type.String(),
  grantedBy: Type.Object({ type: Type.String(), id: Type.Optional(Type.String()), name: Type.String() }),
  createdAtMs: timeMs,
})

const pageQuery = {
  limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$', description: `1 to ${pageMost}` })),
  cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
}
const listQuery = Type.Object(
  {
    organizationId: Type.Optional(Type.String()),
    applicationId: Type.Optional(Type.String()),
    role: Type.Optional(text(200)),
    principalType: Type.Optional(text(200)),
    principalId: Type.Optional(text(1_000)),
    resourceType: Type.Optional(text(200)),
    resourceId: Type.Optional(text(1_000)),
    ...pageQuery,
  },
  { additionalProperties: false },
)

const page = Type.Object({ items: Type.Array(grantReply), next: Type.Optional(Type.String()) })
const grantParams = Type.Object({ grantId: Type.String() })

export function grantOperations(deps: AuthorizationDeps): Operation[] {
  const show = (grant: Grant): Static<typeof grantReply> => {
    const nowMs = deps.clock.nowMs()
    const state = isInForce(grant, nowMs) ? 'in_force' : nowMs < grant.fromMs ? 'pending' : 'ended'
    return { ...grant, state }
  }
  const pageOf = async (filter: GrantFilter, query: { limit?: string; cursor?: string }) => {
    const limit = Math.min(Number(query.limit ?? pageDefault), pageMost)
    const [after] = query.cursor === undefined ? [''] : readCursor('grants', query.cursor, ['string'])
    const found = await listGrants(deps.storage.db, filter, after, limit + 1)
    const items = found.slice(0, limit)
    const last = items.at(-1)
    const next = found.length > limit && last !== undefined ? makeCursor('grants', [last.id]) : undefined
    return { items: items.map(show), ...(next !== undefined && { next }) }
  }
  return [
    operation({
      id: 'grants.create',
      method: 'POST',
      url: '/api/grants',
      summary: 'Grants a role to a principal on a resource, perhaps for a time',
      access: { kind: 'action', action: 'createGrant' },
      schemas: { body: grantBody, reply: grantReply },
      handle: async ({ act, body }) => {
        const input = { ...body, applicationId: parseApplicationId(body.applicationId) }
        const { value, at } = await createGrant(deps, act, input)
        return new Answer(show(value), { status: 201, at, location: `/api/grants/${value.id}` })
      },
    }),
    operation({
      id: 'grants.list',
      method: 'GET',
      url: '/api/grants',
      summary: 'Grants of an organization, of an application, or of all, narrowed by role, principal or resource',
      access: { kind: 'action', action: 'viewGrant' },
      schemas: { query: listQuery, reply: page },
      handle: async ({ act, query }) => {
        const application = parseApplicationId(query.applicationId)
        const organizationId = query.organizationId as OrganizationId | undefined
        const scope =
          application !== undefined
            ? { type: 'Application', id: application }
            : organizationId !== undefined
              ? { type: 'Organization', id: organizationId }
              : deployment
        deps.gate.require(act, 'viewGrant', scope)
        const filter: GrantFilter = {
          ...(application !== undefined && { applicationId: application }),
          ...(organizationId !== undefined && { organizationId }),
          ...(query.role !== undefined && { role: query.role }),
          ...uidOf('principal', query.principalType, query.principalId),
          ...uidOf('resource', query.resourceType, query.resourceId),
        }
        return pageOf(filter, query)
      },
    }),
    operation({
      id: 'grants.mine',
      method: 'GET',
      url: '/api/grants/mine',
      summary: 'Grants that name the caller herself; those of her groups are not among them',
      access: { kind: 'self', why: 'the caller’s own' },
      schemas: { query: Type.Object(pageQuery, { additionalProperties: false }), reply: page },
      handle: async ({ act, query }) => {
        const principal = principalOf(act)
        if (principal === undefined) throw new Fault('web.unauthenticated')
        return pageOf({ principal }, query)
      },
    }),
    operation({
      id: 'grants.get',
      method: 'GET',
      url: '/api/grants/:grantId',
      summary: 'One grant',
      access: { kind: 'action', action: 'viewGrant' },
      schemas: { params: grantParams, reply: grantReply },
      handle: async ({ act, params }) => {
        const grant = await requireGrant(deps, parseGrantId(params.grantId))
        requireForGrant(deps, act, 'viewGrant', grant)
        return show(grant)
      },
    }),
    operation({
      id: 'grants.revoke',
      method: 'DELETE',
      url: '/api/grants/:grantId',
      summary: 'Takes a grant back at once',
      access: { kind: 'action', action: 'revokeGrant' },
      schemas: {
        params: grantParams,
        query: Type.Object({ reason: Type.Optional(text(1_000)) }, { additionalProperties: false }),
      },
      handle: async ({ act, params, query }) => {
        const { at } = await revokeGrant(deps, act, parseGrantId(params.grantId), query.reason)
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'roles.list',
      method: 'GET',
      url: '/api/roles',
      summary: 'The built-in roles: what each permits and which others its holder may grant',
      access: { kind: 'self', why: 'the same public list for everybody who is signed in' },
      schemas: {
        reply: Type.Object({
          items: Type.Array(
            Type.Object({
              name: Type.String(),
              says: Type.String(),
              actions: Type.Array(Type.String()),
              grantable: Type.Array(Type.String()),
            }),
          ),
        }),
      },
      handle: async () => {
        const { roles, actions } = deps.snapshot.builtin
        return {
          items: [...roles.values()].map((role) => ({
            name: role.name,
            says: role.says,
            actions: [...(role.actions ?? actions)],
            grantable: [...role.grantable],
          })),
        }
      },
    }),
  ]
}

function uidOf(name: 'principal' | 'resource', type: string | undefined, id: string | undefined): GrantFilter {
  if (type === undefined && id === undefined) return {}
  if (type === undefined || id === undefined)
    throw new Fault('web.invalid', { detail: `/query needs ${name}Type and ${name}Id together` })
  return { [name]: { type, id } }
}

function parseApplicationId(given: string | undefined): ApplicationId | undefined {
  if (given === undefined) return undefined
  if (!isId('app', given)) throw new Fault('authorization.application_unknown')
  return given
}

function parseGrantId(given: string): GrantId {
  if (!isId('grant', given)) throw new Fault('authorization.grant_unknown')
  return given
}
