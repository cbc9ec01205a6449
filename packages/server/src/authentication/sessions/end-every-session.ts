import { record } from '#feed'
import type { Act, Clock, OrganizationId } from '#kernel'
import type { Tx } from '#storage'
import '../events.ts'
import { deleteSessions } from './session.store.ts'

/** Ends all sessions of an organization. On record even when there is none: what was issued up to now ends with it. @returns how many */
export async function endEverySession(
  tx: Tx,
  { clock }: { readonly clock: Clock },
  act: Act,
  organization: OrganizationId,
  reason: string,
): Promise<number> {
  const count = await deleteSessions(tx, organization, undefined)
  await record(tx, act, {
    type: 'authentication.sessions_ended',
    atMs: clock.nowMs(),
    organizationId: organization,
    object: { type: 'Organization', id: organization },
    data: { reason, count },
    touches: [],
  })
  return count
}
