import { record } from '#feed'
import { type Act, type Clock, type Entropy, Fault } from '#kernel'
import type { Keyring } from '#keyring'
import type { Tx } from '#storage'
import type { Person } from '../deps.ts'
import '../events.ts'
import '../faults.ts'
import { insertPasskey, listPasskeys, type Passkey } from '../passkeys/passkey.store.ts'
import { savePassword } from '../passwords/password.store.ts'
import { newRecoveryCodes, saveRecoveryCodes } from '../recovery/recovery-code.ts'
import { deleteProvedAttempts } from '../sign-in/attempt.store.ts'
import { forgetDevices } from '../sign-in/remembered.ts'
import { saveTotp } from '../totp/totp.store.ts'
import { totpPurpose } from '../totp/totp.ts'

interface Deps {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly keyring: Pick<Keyring, 'seal'>
}

const about = (deps: Deps, person: Person) => ({
  atMs: deps.clock.nowMs(),
  organizationId: person.organizationId,
  object: { type: 'User', id: person.id, name: person.username },
  touches: [],
})

/** Writes a new password's hash. */
export async function setPassword(
  tx: Tx,
  deps: Deps,
  act: Act,
  person: Person,
  phc: string,
  by: 'self' | 'link',
): Promise<void> {
  await deleteProvedAttempts(tx, person.organizationId, person.id)
  await forgetDevices(tx, deps, act, person, 'password changed')
  await savePassword(tx, person.organizationId, person.id, phc, deps.clock.nowMs())
  await record(tx, act, { ...about(deps, person), type: 'authentication.password_set', data: { by } })
}

/** Puts an authenticator app in place of any former one. @param step of the code that proved it, which is then used */
export async function setTotp(
  tx: Tx,
  deps: Deps,
  act: Act,
  person: Person,
  secret: Uint8Array,
  step: number,
): Promise<void> {
  const sealed = deps.keyring.seal(totpPurpose, secret, person.id)
  await deleteProvedAttempts(tx, person.organizationId, person.id)
  await forgetDevices(tx, deps, act, person, 'second factor changed')
  const enrolledAtMs = deps.clock.nowMs()
  await saveTotp(tx, person.organizationId, person.id, { sealed, lastStep: step, enrolledAtMs })
  await record(tx, act, { ...about(deps, person), type: 'authentication.totp_enrolled', data: {} })
}

/** Passkeys that one person can have: every one of them is told to the browser at each enrolment and second step. */
export const passkeysMost = 20

/**
 * @throws {Fault} `authentication.passkey_rejected` when the credential belongs to somebody already,
 * `authentication.passkeys_many`
 */
export async function addPasskey(tx: Tx, deps: Deps, act: Act, person: Person, passkey: Passkey): Promise<void> {
  await deleteProvedAttempts(tx, person.organizationId, person.id)
  const { length } = await listPasskeys(tx, person.organizationId, person.id)
  if (length >= passkeysMost) throw new Fault('authentication.passkeys_many')
  if (!(await insertPasskey(tx, passkey))) throw new Fault('authentication.passkey_rejected')
  const data = { name: passkey.name, backedUp: passkey.backedUp }
  await record(tx, act, { ...about(deps, person), type: 'authentication.passkey_added', data })
}

/** Makes recovery codes in place of any former ones; the caller shows them once. */
export async function makeRecoveryCodes(tx: Tx, deps: Deps, act: Act, person: Person): Promise<string[]> {
  const codes = newRecoveryCodes(deps.entropy)
  await saveRecoveryCodes(tx, person.organizationId, person.id, codes)
  const data = { count: codes.length }
  await record(tx, act, { ...about(deps, person), type: 'authentication.recovery_codes_made', data })
  return codes
}
