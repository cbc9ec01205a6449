import { type Static, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import type { DirectoryDeps } from '../deps.ts'
import { makePage, readLimit, readTextCursor } from '../values/page.ts'
import { readId, readOrganizationId } from '../values/query.ts'
import { closed, oneOf, pageOf, pageQuery, stamps, text } from '../values/schema.ts'
import { visibleOrganizations } from '../visible.ts'
import { deleteGroup, updateGroup } from './change-group.ts'
import { changeMembers } from './change-members.ts'
import { createGroup } from './create-group.ts'
import { listGroups, requireGroup } from './group.store.ts'
import { type Group, membersPerChange, memberTypes, parseGroupId, parseMemberId } from './group.ts'
import { listMembers } from './member.store.ts'

const name = text(63, 'Unique in the organization; a DNS label')
const displayName = Type.Optional(text(400))
const view = closed({
  id: Type.String(),
  organizationId: Type.String(),
  name: Type.String(),
  displayName: Type.String(),
  ...stamps,
})
const member = closed({ type: oneOf(memberTypes), id: Type.String(), name: Type.String() })
const params = closed({ groupId: Type.String() })
const ids = Type.Optional(
  Type.Array(Type.String(), {
    maxItems: membersPerChange,
    description: 'Ids of users, machines and groups of the same organization',
  }),
)

export function groupOperations(deps: DirectoryDeps): Operation[] {
  const { db } = deps.storage
  const show = (group: Group): Static<typeof view> => group
  return [
    operation({
      id: 'groups.create',
      method: 'POST',
      url: '/api/groups',
      summary: 'Create a group',
      access: { kind: 'action', action: 'createGroup' },
      schemas: { body: closed({ organizationId: Type.String(), name, displayName }), reply: view },
      handle: async ({ act, body: { organizationId, ...input } }) => {
        const organization = readId('org', '/organizationId', organizationId)
        const { value, at } = await createGroup(deps, act, organization, input)
        const location = `/api/groups/${value.id}`
        return new Answer(show(value), { status: 201, revision: value.revision, at, location })
      },
    }),
    operation({
      id: 'groups.list',
      method: 'GET',
      url: '/api/groups',
      summary: 'Groups that you may view, by organization and name',
      access: { kind: 'action', action: 'viewGroup' },
      schemas: {
        query: closed({
          organizationId: Type.Optional(Type.String()),
          name: Type.Optional(text(63, 'Exactly this name')),
          prefix: Type.Optional(text(63, 'Names that begin so')),
          member: Type.Optional(text(100, 'Only groups that this user, machine or group is directly in')),
          ...pageQuery,
        }),
        reply: pageOf(view),
      },
      handle: async ({ act, query: { organizationId, limit: asked, cursor, name, prefix, member } }) => {
        const limit = readLimit(asked)
        const after = readTextCursor('groups', cursor, ['string', 'string', 'string'])
        const organization = readOrganizationId(organizationId)
        const organizationIds = await visibleOrganizations(deps, act, 'viewGroup', organization)
        const filter = {
          organizationIds,
          name,
          prefix,
          member: member === undefined ? undefined : parseMemberId(member),
        }
        const rows = await listGroups(db, filter, { after, limit: limit + 1 })
        return makePage('groups', limit, rows, (row) => [row.organizationId, row.name, row.id], show)
      },
    }),
    operation({
      id: 'groups.get',
      method: 'GET',
      url: '/api/groups/:groupId',
      summary: 'One group',
      access: { kind: 'action', action: 'viewGroup' },
      schemas: { params, reply: view },
      handle: async ({ act, params }) => {
        const found = await requireGroup(db, parseGroupId(params.groupId))
        deps.gate.require(act, 'viewGroup', { type: 'Group', id: found.id })
        return new Answer(show(found), { revision: found.revision })
      },
    }),
    operation({
      id: 'groups.update',
      method: 'PATCH',
      url: '/api/groups/:groupId',
      summary: 'Change the members of the object that are given',
      access: { kind: 'action', action: 'updateGroup' },
      schemas: { params, body: closed({ name: Type.Optional(name), displayName }), reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const { value, at } = await updateGroup(deps, act, parseGroupId(params.groupId), body, ifRevision)
        return new Answer(show(value), { revision: value.revision, at })
      },
    }),
    operation({
      id: 'groups.delete',
      method: 'DELETE',
      url: '/api/groups/:groupId',
      summary: 'Delete a group; its members lose what they held through it',
      access: { kind: 'action', action: 'deleteGroup' },
      schemas: { params },
      handle: async ({ act, params, ifRevision }) => {
        const { at } = await deleteGroup(deps, act, parseGroupId(params.groupId), ifRevision)
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'groups.members',
      method: 'GET',
      url: '/api/groups/:groupId/members',
      summary: 'Direct members of a group',
      access: { kind: 'action', action: 'viewGroup' },
      schemas: {
        params,
        query: closed({ type: Type.Optional(oneOf(memberTypes)), ...pageQuery }),
        reply: pageOf(member),
      },
      handle: async ({ act, params, query }) => {
        const limit = readLimit(query.limit)
        const after = readTextCursor('members', query.cursor, ['string'])?.[0]
        const group = await requireGroup(db, parseGroupId(params.groupId))
        deps.gate.require(act, 'viewGroup', { type: 'Group', id: group.id })
        const rows = await listMembers(db, group, { type: query.type }, { after, limit: limit + 1 })
        return makePage(
          'members',
          limit,
          rows,
          (row) => [row.id],
          (row): Static<typeof member> => row,
        )
      },
    }),
    operation({
      id: 'groups.changeMembers',
      method: 'POST',
      url: '/api/groups/:groupId/members',
      summary: 'Add and remove direct members, all of them or none',
      access: { kind: 'action', action: 'changeMembers' },
      schemas: { params, body: closed({ add: ids, remove: ids }), reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const change = { add: body.add?.map(parseMemberId), remove: body.remove?.map(parseMemberId) }
        const { value, at } = await changeMembers(deps, act, parseGroupId(params.groupId), change, ifRevision)
        return new Answer(show(value), { revision: value.revision, at })
      },
    }),
  ]
}
