import { Fault, isId, Type } from '#kernel'
import { type Operation, operation } from '#web'
import { type EraseDeps, erasePerson } from './erase-person.ts'

/** Erasing a person from the audit log. */
export function eraseOperations(deps: EraseDeps): Operation[] {
  return [
    operation({
      id: 'audit.erase',
      method: 'POST',
      url: '/api/audit/erasures',
      summary: 'Erase what the audit log says of a deleted person; the tree stays and verifies',
      access: { kind: 'action', action: 'deleteUser' },
      schemas: {
        body: Type.Object({ userId: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
        reply: Type.Object({ userId: Type.String(), entries: Type.Integer({ description: 'Erased now' }) }),
      },
      handle: async ({ act, body: { userId } }) => {
        if (!isId('user', userId))
          throw new Fault('web.invalid', { detail: 'userId must be the id of a user (user_…)' })
        return { userId, entries: await erasePerson(deps, act, userId) }
      },
    }),
  ]
}
