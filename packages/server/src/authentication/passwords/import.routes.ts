import { record } from '#feed'
import { Fault, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import { readFactors } from '../factors/factors.ts'
import type { Services } from '../services.ts'
import { requirePerson } from '../sessions/session.routes.ts'
import { parseForeign } from './foreign.ts'
import { savePassword } from './password.store.ts'

/** Taking passwords over from another system, so that people move without noticing. */
export function importOperations(services: Services): Operation[] {
  const { storage, gate, administrators, people, clock } = services
  return [
    operation({
      id: 'users.importPassword',
      method: 'POST',
      url: '/api/users/:userId/import-password',
      summary:
        'Take over the password hash of another system for a user who has nothing to sign in with yet; hashed again at their first sign-in',
      access: { kind: 'action', action: 'resetFactors' },
      schemas: {
        params: Type.Object({ userId: Type.String() }),
        body: Type.Object(
          {
            hash: Type.String({
              maxLength: 400,
              description: '`$2b$…`, `$pbkdf2-sha256$…`, `pbkdf2_sha256$…` (sha1 and sha512 too) or `$scrypt$ln=…`',
            }),
          },
          { additionalProperties: false },
        ),
        reply: Type.Object({ scheme: Type.String() }),
      },
      handle: async ({ act, params, body }) => {
        const person = await requirePerson(services, params.userId)
        gate.require(act, 'resetFactors', { type: 'User', id: person.id })
        administrators.refuseWider(act, person.id)
        if (person.state === 'barred') throw new Fault('authentication.user_barred')
        const foreign = parseForeign(body.hash)
        if (foreign === undefined) throw new Fault('authentication.hash_unknown')
        const { at } = await storage.write(async (tx) => {
          const factors = await readFactors(tx, person.organizationId, person.id)
          if (factors.passwordSetAtMs !== undefined || factors.passkeys.length > 0)
            throw new Fault('authentication.already_enrolled')
          await savePassword(tx, person.organizationId, person.id, body.hash, clock.nowMs())
          await people.activate(tx, act, person.id)
          await record(tx, act, {
            type: 'authentication.password_imported',
            atMs: clock.nowMs(),
            organizationId: person.organizationId,
            object: { type: 'User', id: person.id, name: person.username },
            data: { scheme: foreign.scheme },
            touches: [],
          })
        })
        return new Answer({ scheme: foreign.scheme }, { at })
      },
    }),
  ]
}
