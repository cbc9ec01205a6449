import { record } from '#feed'
import { Fault } from '#kernel'
import type { Person } from '../deps.ts'
import { deleteFactors } from '../factors/delete-factors.ts'
import type { Resident } from '../http/visitor.ts'
import type { Services } from '../services.ts'
import { deleteProofsOf } from './address-proof.store.ts'
import '../events.ts'
import '../faults.ts'

export const mayClose = ({ organization }: Person): boolean => organization.account?.close !== false

/**
 * The person leaves: deactivated (what applications hold ends with that), without anything to sign in by, told by mail. What
 * is left is erased by an administrator who deletes the user, as for everybody who has left.
 * @throws {Fault} `authorization.last_owner`, `authentication.profile_fixed`
 */
export async function closeAccount(services: Services, { person, act }: Resident): Promise<void> {
  const { storage, people, sessions, clock, outbox } = services
  if (!mayClose(person)) throw new Fault('authentication.profile_fixed')
  const atMs = clock.nowMs()
  await storage.transact(async (tx) => {
    await people.close(tx, act, person.id)
    await deleteFactors(tx, person.organizationId, person.id)
    await deleteProofsOf(tx, person.organizationId, person.id)
    await sessions.endAll(tx, act, person.organizationId, person.id, 'account closed by its person')
    await outbox.put(tx, person, 'closed', { atMs, organization: person.organization.displayName })
    await record(tx, act, {
      type: 'authentication.account_closed',
      atMs,
      organizationId: person.organizationId,
      object: { type: 'User', id: person.id, name: person.username },
      data: {},
      touches: [],
    })
  })
  sessions.cache.forgetUser(person.id)
}
