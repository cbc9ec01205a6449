import { Type } from '#kernel'
import { type Operation, operation } from '#web'
import { readFactors } from '../factors/factors.ts'
import { needsSecondFactorOf } from '../http/visitor.ts'
import type { Services } from '../services.ts'
import { requirePerson, requireUserActor } from '../sessions/session.routes.ts'

const factorsSchema = Type.Object({
  passwordSetAtMs: Type.Optional(Type.Integer()),
  totpEnrolledAtMs: Type.Optional(Type.Integer()),
  passkeys: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      addedAtMs: Type.Integer(),
      usedAtMs: Type.Optional(Type.Integer()),
    }),
  ),
  recoveryCodesLeft: Type.Integer(),
})

/** Who I am. */
export function meOperations(services: Services): Operation[] {
  const factorsOf = async (
    organizationId: Parameters<typeof readFactors>[1],
    id: Parameters<typeof readFactors>[2],
  ) => {
    const factors = await readFactors(services.storage.db, organizationId, id)
    return {
      ...(factors.passwordSetAtMs !== undefined && { passwordSetAtMs: factors.passwordSetAtMs }),
      ...(factors.totpEnrolledAtMs !== undefined && { totpEnrolledAtMs: factors.totpEnrolledAtMs }),
      passkeys: factors.passkeys.map(({ id, name, addedAtMs, usedAtMs }) => ({
        id,
        name,
        addedAtMs,
        ...(usedAtMs !== undefined && { usedAtMs }),
      })),
      recoveryCodesLeft: factors.recoveryCodesLeft,
    }
  }
  return [
    operation({
      id: 'whoami',
      method: 'GET',
      url: '/api/whoami',
      summary: 'Who the sender of this request is to Gatehouse, whatever it is',
      access: { kind: 'self', why: 'anybody may know who they are taken for', limited: true },
      schemas: {
        reply: Type.Object({
          actor: Type.Object({
            type: Type.String(),
            id: Type.Optional(Type.String()),
            name: Type.String(),
            organizationId: Type.Optional(Type.String()),
          }),
          via: Type.String({ description: 'session, bearer or bootstrap' }),
        }),
      },
      handle: async ({ act: { actor }, raw }) => ({
        actor: {
          type: actor.type,
          name: actor.name,
          ...('id' in actor && { id: actor.id, organizationId: actor.organizationId }),
        },
        via: actor.type === 'bootstrap' ? 'bootstrap' : raw.headers.authorization === undefined ? 'session' : 'bearer',
      }),
    }),
    operation({
      id: 'me.view',
      method: 'GET',
      url: '/api/me',
      summary: 'My user, my organization, and how I sign in',
      access: { kind: 'self', why: 'a person sees their own account' },
      schemas: {
        reply: Type.Object({
          id: Type.String(),
          username: Type.String(),
          name: Type.String(),
          email: Type.Optional(Type.String()),
          organization: Type.Object({ id: Type.String(), name: Type.String(), displayName: Type.String() }),
          needsSecondFactor: Type.Boolean(),
          factors: factorsSchema,
        }),
      },
      handle: async ({ act }) => {
        const person = await requirePerson(services, requireUserActor({ act }).id)
        const { id, name, displayName } = person.organization
        return {
          id: person.id,
          username: person.username,
          name: person.name,
          ...(person.email !== undefined && { email: person.email }),
          organization: { id, name, displayName },
          needsSecondFactor: needsSecondFactorOf(services, person),
          factors: await factorsOf(person.organizationId, person.id),
        }
      },
    }),
    operation({
      id: 'users.factors',
      method: 'GET',
      url: '/api/users/:userId/factors',
      summary: 'How a user signs in: what there is, never what it is',
      access: { kind: 'action', action: 'viewSessions' },
      schemas: { params: Type.Object({ userId: Type.String() }), reply: factorsSchema },
      handle: async ({ act, params }) => {
        const person = await requirePerson(services, params.userId)
        services.gate.require(act, 'viewSessions', { type: 'User', id: person.id })
        return factorsOf(person.organizationId, person.id)
      },
    }),
  ]
}
