import { type ApplicationId, Fault, isId, type Static, Type } from '#kernel'
import { Answer, makeCursor, type Operation, operation, pageDefault, pageMost, readCursor } from '#web'
import type { AuthorizationDeps } from '../deps.ts'
import type { EntityJson } from '../entities/source.ts'
import { changeResources, requireApplicationPart } from './change-resources.ts'
import { findResources, listResources } from './resource.store.ts'

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000]*$' })
const uid = Type.Object({ type: text(200), id: text(1_000) }, { additionalProperties: false })
const values = Type.Record(Type.String(), Type.Unknown(), { description: 'Cedar values in their JSON form' })
const parents = Type.Array(uid, { maxItems: 1_000 })
const body = Type.Object(
  { attrs: values, parents: Type.Optional(parents), tags: Type.Optional(values) },
  { additionalProperties: false },
)
const entity = Type.Object(
  { uid, attrs: values, parents: Type.Optional(parents), tags: Type.Optional(values) },
  { additionalProperties: false },
)
const reply = Type.Unsafe<EntityJson>(
  Type.Object({ uid, attrs: values, parents, tags: Type.Optional(values) }, { additionalProperties: true }),
)
const changed = Type.Object({ put: Type.Integer(), deleted: Type.Integer(), total: Type.Integer() })
const ofApplication = Type.Object({ applicationId: Type.String() })
const ofEntity = Type.Object({ applicationId: Type.String(), type: text(200), id: text(512) })

export function resourceOperations(deps: AuthorizationDeps): Operation[] {
  const url = '/api/applications/:applicationId/entities'
  return [
    operation({
      id: 'entities.list',
      method: 'GET',
      url,
      summary: 'An application’s own resources, by type and id',
      access: { kind: 'action', action: 'viewEntities' },
      schemas: {
        params: ofApplication,
        query: Type.Object(
          {
            type: Type.Optional(text(200)),
            limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$' })),
            cursor: Type.Optional(Type.String({ maxLength: 4_000 })),
          },
          { additionalProperties: false },
        ),
        reply: Type.Object({ items: Type.Array(reply), next: Type.Optional(Type.String()) }),
      },
      handle: async ({ act, params, query }) => {
        const id = parseId(params.applicationId)
        requireApplicationPart(deps, act, 'viewEntities', id)
        const limit = Math.min(Number(query.limit ?? pageDefault), pageMost)
        const key = query.cursor === undefined ? undefined : readCursor('entities', query.cursor, ['string', 'string'])
        const after = key && { type: key[0], id: key[1] }
        const found = await listResources(deps.storage.db, id, { type: query.type, after, limit: limit + 1 })
        const items = found.slice(0, limit)
        const last = items.at(-1)
        const more = found.length > limit && last !== undefined
        return { items, ...(more && { next: makeCursor('entities', [last.uid.type, last.uid.id]) }) }
      },
    }),
    operation({
      id: 'entities.get',
      method: 'GET',
      url: `${url}/:type/:id`,
      summary: 'One resource of an application',
      access: { kind: 'action', action: 'viewEntities' },
      schemas: { params: ofEntity, reply },
      handle: async ({ act, params }) => {
        const id = parseId(params.applicationId)
        requireApplicationPart(deps, act, 'viewEntities', id)
        const [found] = await findResources(deps.storage.db, id, [{ type: params.type, id: params.id }])
        if (found === undefined) throw new Fault('authorization.entity_unknown')
        return found
      },
    }),
    operation({
      id: 'entities.put',
      method: 'PUT',
      url: `${url}/:type/:id`,
      summary: 'Adds or replaces one resource, checked against the schema of the application’s bundle in force',
      access: { kind: 'action', action: 'pushEntities' },
      schemas: { params: ofEntity, body, reply: changed },
      handle: async ({ act, params, body }) => {
        const put = [withParents({ ...body, uid: { type: params.type, id: params.id } })]
        const { value, at } = await changeResources(deps, act, parseId(params.applicationId), { put, delete: [] })
        return new Answer(value, { at })
      },
    }),
    operation({
      id: 'entities.delete',
      method: 'DELETE',
      url: `${url}/:type/:id`,
      summary: 'Deletes one resource; one that does not exist is no fault',
      access: { kind: 'action', action: 'pushEntities' },
      schemas: { params: ofEntity },
      handle: async ({ act, params }) => {
        const change = { put: [], delete: [{ type: params.type, id: params.id }] }
        const { at } = await changeResources(deps, act, parseId(params.applicationId), change)
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'entities.change',
      method: 'POST',
      url,
      summary: 'Puts and deletes up to 1,000 resources at once, all or none',
      access: { kind: 'action', action: 'pushEntities' },
      bodyLimit: 8 * 2 ** 20,
      schemas: {
        params: ofApplication,
        body: Type.Object(
          {
            put: Type.Optional(Type.Array(entity, { maxItems: 1_000 })),
            delete: Type.Optional(Type.Array(uid, { maxItems: 1_000 })),
          },
          { additionalProperties: false },
        ),
        reply: changed,
      },
      handle: async ({ act, params, body }) => {
        const change = { put: (body.put ?? []).map(withParents), delete: body.delete ?? [] }
        const { value, at } = await changeResources(deps, act, parseId(params.applicationId), change)
        return new Answer(value, { at })
      },
    }),
  ]
}

const withParents = (given: Static<typeof entity>): EntityJson => ({ ...given, parents: given.parents ?? [] })

function parseId(given: string): ApplicationId {
  if (!isId('app', given)) throw new Fault('authorization.application_unknown')
  return given
}
