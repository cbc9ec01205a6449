import { type Static, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import type { DirectoryDeps } from '../deps.ts'
import { makePage, readLimit, readTextCursor } from '../values/page.ts'
import { readId, readOrganizationId } from '../values/query.ts'
import { closed, oneOf, pageOf, pageQuery, reasonBody, stamps, text } from '../values/schema.ts'
import { visibleOrganizations } from '../visible.ts'
import { inviteUser } from './invite-user.ts'
import { moveUser } from './move-user.ts'
import { updateUser } from './update-user.ts'
import { listUsers, requireUser } from './user.store.ts'
import { parseUserId, type User, type UserTransition, userStates } from './user.ts'

const attributes = Type.Record(Type.String(), Type.String(), {
  description: 'The organization’s own facts; policies see them as tags of the principal',
})
const username = text(256, 'Unique in the organization; kept in lower case (NFKC), letters of one script')
const members = {
  email: Type.Optional(Type.Union([text(254), Type.Null()])),
  emailVerified: Type.Optional(
    Type.Boolean({ description: 'Whether the person is known to read the address; another address begins without' }),
  ),
  displayName: Type.Optional(Type.Union([text(400), Type.Null()])),
  attributes: Type.Optional(attributes),
}
const view = closed({
  id: Type.String(),
  organizationId: Type.String(),
  username: Type.String(),
  email: Type.Optional(Type.String()),
  emailVerified: Type.Boolean(),
  displayName: Type.Optional(Type.String()),
  attributes,
  state: oneOf(userStates),
  ...stamps,
})
const params = closed({ userId: Type.String() })

export function userOperations(deps: DirectoryDeps): Operation[] {
  const { db } = deps.storage
  const show = (user: User): Static<typeof view> => user
  const transition = (verb: Exclude<UserTransition, 'delete'>, summary: string) =>
    operation({
      id: `users.${verb}`,
      method: 'POST',
      url: `/api/users/:userId/${verb}`,
      summary,
      access: { kind: 'action', action: `${verb}User` },
      schemas: { params, body: reasonBody, reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const options = { reason: body?.reason, ifRevision }
        const { value, at } = await moveUser(deps, act, parseUserId(params.userId), verb, options)
        return new Answer(show(value), { revision: value.revision, at })
      },
    })
  return [
    operation({
      id: 'users.create',
      method: 'POST',
      url: '/api/users',
      summary: 'Invite a user into an organization',
      access: { kind: 'action', action: 'inviteUser' },
      schemas: { body: closed({ organizationId: Type.String(), username, ...members }), reply: view },
      handle: async ({ act, body: { organizationId, ...input } }) => {
        const organization = readId('org', '/organizationId', organizationId)
        const { value, at } = await inviteUser(deps, act, organization, input)
        const location = `/api/users/${value.id}`
        return new Answer(show(value), { status: 201, revision: value.revision, at, location })
      },
    }),
    operation({
      id: 'users.list',
      method: 'GET',
      url: '/api/users',
      summary: 'Users that you may view, by organization and name; deleted ones only when asked for by state',
      access: { kind: 'action', action: 'viewUser' },
      schemas: {
        query: closed({
          organizationId: Type.Optional(Type.String()),
          state: Type.Optional(oneOf(userStates)),
          username: Type.Optional(text(256, 'Exactly this name, however spelled')),
          email: Type.Optional(text(254, 'Exactly this address, in any case')),
          prefix: Type.Optional(text(128, 'Names that begin so')),
          ...pageQuery,
        }),
        reply: pageOf(view),
      },
      handle: async ({ act, query: { organizationId, limit: asked, cursor, ...filter } }) => {
        const limit = readLimit(asked)
        const after = readTextCursor('users', cursor, ['string', 'string', 'string'])
        const organization = readOrganizationId(organizationId)
        const organizationIds = await visibleOrganizations(deps, act, 'viewUser', organization)
        const rows = await listUsers(db, { ...filter, organizationIds }, { after, limit: limit + 1 })
        return makePage('users', limit, rows, (row) => [row.organizationId, row.username, row.id], show)
      },
    }),
    operation({
      id: 'users.get',
      method: 'GET',
      url: '/api/users/:userId',
      summary: 'One user',
      access: { kind: 'action', action: 'viewUser' },
      schemas: { params, reply: view },
      handle: async ({ act, params }) => {
        const found = await requireUser(db, parseUserId(params.userId))
        deps.gate.require(act, 'viewUser', { type: 'User', id: found.id })
        return new Answer(show(found), { revision: found.revision })
      },
    }),
    operation({
      id: 'users.update',
      method: 'PATCH',
      url: '/api/users/:userId',
      summary: 'Change the members that are given; null removes',
      access: { kind: 'action', action: 'updateUser' },
      schemas: { params, body: closed({ username: Type.Optional(username), ...members }), reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const { value, at } = await updateUser(deps, act, parseUserId(params.userId), body, ifRevision)
        return new Answer(show(value), { revision: value.revision, at })
      },
    }),
    transition('invite', 'Invite somebody back who has left'),
    transition('activate', 'Let a user sign in'),
    transition('suspend', 'Stop a user for now: sessions and tokens end'),
    transition('deactivate', 'A user has left: sessions and tokens end, machines become orphans'),
    operation({
      id: 'users.delete',
      method: 'DELETE',
      url: '/api/users/:userId',
      summary: 'Delete a user: personal data is erased, a tombstone stays',
      access: { kind: 'action', action: 'deleteUser' },
      schemas: { params },
      handle: async ({ act, params, ifRevision }) => {
        const { at } = await moveUser(deps, act, parseUserId(params.userId), 'delete', { ifRevision })
        return new Answer(undefined, { at })
      },
    }),
  ]
}
