import { Fault, Type, type UserId } from '#kernel'
import { Answer, type Operation, type OperationRequest, operation } from '#web'
import type { Person } from '../deps.ts'
import type { Services } from '../services.ts'
import type { Session } from './session.ts'

const sessionSchema = Type.Object({
  id: Type.String(),
  userId: Type.String(),
  startedAtMs: Type.Integer(),
  authenticatedAtMs: Type.Integer({ description: 'When the person last proved who they are' }),
  seenAtMs: Type.Integer({ description: 'Last use, to the minute' }),
  expiresAtMs: Type.Integer(),
  amr: Type.Array(Type.String(), { description: 'Methods of sign-in (RFC 8176)' }),
  acr: Type.String(),
  address: Type.Optional(Type.String()),
  agent: Type.Optional(Type.String()),
  current: Type.Boolean({ description: 'Whether this request came by it' }),
})
const listSchema = Type.Object({ items: Type.Array(sessionSchema, { maxItems: 200 }) })

const show = (session: Session, current: string | undefined) => ({
  id: session.id,
  userId: session.userId,
  startedAtMs: session.startedAtMs,
  authenticatedAtMs: session.authenticatedAtMs,
  seenAtMs: session.seenAtMs,
  expiresAtMs: session.expiresAtMs,
  amr: [...session.amr],
  acr: session.acr,
  ...(session.address !== undefined && { address: session.address }),
  ...(session.agent !== undefined && { agent: session.agent }),
  current: session.id === current,
})

/** @throws {Fault} `directory.user_unknown` */
export async function requirePerson({ people, storage }: Services, id: string): Promise<Person> {
  const person = await people.find(storage.db, id as UserId)
  if (person === undefined) throw new Fault('directory.user_unknown')
  return person
}

/** The user whose request it is. @throws {Fault} `authentication.not_a_user` for a machine, an application, bootstrap */
export function requireUserActor({ act }: Pick<OperationRequest<object>, 'act'>) {
  if (act.actor.type !== 'user') throw new Fault('authentication.not_a_user')
  return act.actor
}

/** Sessions over REST: one's own, and a user's for who may see or end them. */
export function sessionOperations(services: Services): Operation[] {
  const { sessions, storage, gate } = services
  const self = { kind: 'self', why: 'a person sees and ends their own sessions' } as const
  return [
    operation({
      id: 'me.sessions',
      method: 'GET',
      url: '/api/me/sessions',
      summary: 'Where I am signed in, newest first',
      access: self,
      schemas: { reply: listSchema },
      handle: async ({ act }) => {
        const { organizationId, id } = requireUserActor({ act })
        return { items: (await sessions.list(organizationId, id)).map((each) => show(each, act.sessionId)) }
      },
    }),
    operation({
      id: 'me.endSession',
      method: 'DELETE',
      url: '/api/me/sessions/:sessionId',
      summary: 'End one of my sessions',
      access: self,
      schemas: { params: Type.Object({ sessionId: Type.String() }) },
      handle: async ({ act, params }) => {
        const session = await sessions.require(params.sessionId, requireUserActor({ act }).id)
        const { at } = await storage.write((tx) => sessions.end(tx, act, session, 'ended by its person'))
        sessions.cache.forgetSession(session.id)
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'users.sessions',
      method: 'GET',
      url: '/api/users/:userId/sessions',
      summary: 'Where a user is signed in, newest first',
      access: { kind: 'action', action: 'viewSessions' },
      schemas: { params: Type.Object({ userId: Type.String() }), reply: listSchema },
      handle: async ({ act, params }) => {
        const person = await requirePerson(services, params.userId)
        gate.require(act, 'viewSessions', { type: 'User', id: person.id })
        const items = await sessions.list(person.organizationId, person.id)
        return { items: items.map((each) => show(each, act.sessionId)) }
      },
    }),
    operation({
      id: 'users.endSessions',
      method: 'DELETE',
      url: '/api/users/:userId/sessions',
      summary: 'End all sessions of a user',
      access: { kind: 'action', action: 'endSessions' },
      schemas: { params: Type.Object({ userId: Type.String() }), reply: Type.Object({ ended: Type.Integer() }) },
      handle: async ({ act, params }) => {
        const person = await requirePerson(services, params.userId)
        gate.require(act, 'endSessions', { type: 'User', id: person.id })
        const { value: ended, at } = await storage.write((tx) =>
          sessions.endAll(tx, act, person.organizationId, person.id, 'ended by an administrator'),
        )
        sessions.cache.forgetUser(person.id)
        return new Answer({ ended }, { at })
      },
    }),
    operation({
      id: 'users.endSession',
      method: 'DELETE',
      url: '/api/users/:userId/sessions/:sessionId',
      summary: 'End one session of a user',
      access: { kind: 'action', action: 'endSessions' },
      schemas: { params: Type.Object({ userId: Type.String(), sessionId: Type.String() }) },
      handle: async ({ act, params }) => {
        const person = await requirePerson(services, params.userId)
        gate.require(act, 'endSessions', { type: 'User', id: person.id })
        const session = await sessions.require(params.sessionId, person.id)
        const { at } = await storage.write((tx) => sessions.end(tx, act, session, 'ended by an administrator'))
        sessions.cache.forgetSession(session.id)
        return new Answer(undefined, { at })
      },
    }),
  ]
}
