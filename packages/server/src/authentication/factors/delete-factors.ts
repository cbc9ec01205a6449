import type { OrganizationId, UserId } from '#kernel'
import type { Tx } from '#storage'
import { deleteIdentitiesOf } from '../federation/identity.store.ts'
import { deleteLinksOf } from '../links/link.store.ts'
import { deletePasskeys } from '../passkeys/passkey.store.ts'
import { deletePassword } from '../passwords/password.store.ts'
import { deleteRecoveryCodes } from '../recovery/recovery-code.ts'
import { deleteProvedAttempts } from '../sign-in/attempt.store.ts'
import { deleteDevices } from '../sign-in/device.store.ts'
import { deleteTotp } from '../totp/totp.store.ts'

/** Deletes everything that a user signs in with, links that would let them enrol, and the devices they are known on. */
export async function deleteFactors(
  tx: Tx,
  organization: OrganizationId,
  user: UserId,
): Promise<{ passwords: number; totp: number; passkeys: number; recoveryCodes: number; identities: number }> {
  await deleteLinksOf(tx, organization, user)
  await deleteProvedAttempts(tx, organization, user)
  await deleteDevices(tx, organization, user)
  return {
    passwords: await deletePassword(tx, organization, user),
    totp: await deleteTotp(tx, organization, user),
    passkeys: await deletePasskeys(tx, organization, user),
    recoveryCodes: await deleteRecoveryCodes(tx, organization, user),
    identities: await deleteIdentitiesOf(tx, organization, user),
  }
}
