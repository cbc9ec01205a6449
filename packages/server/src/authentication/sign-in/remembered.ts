import { record } from '#feed'
import { type Act, type Clock, type Entropy, newId } from '#kernel'
import type { Reader, Tx } from '#storage'
import type { Administrators, Person } from '../deps.ts'
import { hashToken } from '../sessions/session.ts'
import { distrustDevices, isTrustedDevice, trustDevice } from './device.store.ts'

const dayMs = 86_400_000

interface Deps {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly administrators: Pick<Administrators, 'isAdministrator'>
}

/** For how many days this person's browsers may skip the second factor. INVARIANT: never those of an administrator. */
export const rememberDaysOf = ({ administrators }: Pick<Deps, 'administrators'>, person: Person): number | undefined =>
  administrators.isAdministrator(person.id) ? undefined : person.organization.rules.rememberDeviceDays

/** Whether the second factor may be skipped in this browser now. */
export async function isRemembered(
  db: Reader,
  deps: Deps,
  person: Person,
  deviceToken: string | undefined,
): Promise<boolean> {
  if (deviceToken === undefined || rememberDaysOf(deps, person) === undefined) return false
  return isTrustedDevice(db, hashToken(deviceToken), person.organizationId, person.id, deps.clock.nowMs())
}

/** Lets a browser that is known skip the second factor from now on, as its person wishes and the organization allows. */
export async function remember(
  tx: Tx,
  deps: Deps,
  own: Act,
  person: Person,
  device: { readonly token: string; readonly agent: string | undefined },
): Promise<void> {
  const days = rememberDaysOf(deps, person)
  if (days === undefined) return
  const nowMs = deps.clock.nowMs()
  const untilMs = nowMs + days * dayMs
  await trustDevice(tx, hashToken(device.token), person.id, { id: newId('dev', deps), agent: device.agent, untilMs })
  await record(tx, own, {
    type: 'authentication.device_trusted',
    atMs: nowMs,
    organizationId: person.organizationId,
    object: { type: 'User', id: person.id, name: person.username },
    data: { untilMs },
    touches: [],
  })
}

/** From now on the second factor is asked for again: in one browser of the person, or in all. */
export async function forgetDevices(
  tx: Tx,
  { clock }: Pick<Deps, 'clock'>,
  act: Act,
  person: Pick<Person, 'id' | 'organizationId'>,
  reason: string,
  id?: string,
): Promise<void> {
  const count = await distrustDevices(tx, person.organizationId, person.id, id)
  if (count === 0) return
  await record(tx, act, {
    type: 'authentication.devices_distrusted',
    atMs: clock.nowMs(),
    organizationId: person.organizationId,
    object: { type: 'User', id: person.id },
    data: { count, reason },
    touches: [],
  })
}
