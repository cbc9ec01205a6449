import type { Keyring } from '#keyring'
import type { NewPerson } from '../deps.ts'
import type { Attempt } from '../sign-in/attempt.store.ts'

/** What the keyring seals half-done enrolments for; the context is the attempt's id. */
export const pendingPurpose = 'authentication.pending'

/** What an enrolment has gathered before anything is written. */
export interface Pending {
  readonly profile?: NewPerson
  /** The new password's hash. */
  readonly phc?: string
  /** base64url. */
  readonly totpSecret?: string
}

export async function readPending(keyring: Pick<Keyring, 'unseal'>, attempt: Attempt): Promise<Pending> {
  if (attempt.pending === undefined) return {}
  return JSON.parse(Buffer.from(await keyring.unseal(pendingPurpose, attempt.pending, attempt.id)).toString('utf8'))
}

export const sealPending = (keyring: Pick<Keyring, 'seal'>, attempt: Attempt, pending: Pending): Uint8Array =>
  keyring.seal(pendingPurpose, Buffer.from(JSON.stringify(pending)), attempt.id)
