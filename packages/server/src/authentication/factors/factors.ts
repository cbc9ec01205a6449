import type { OrganizationId, UserId } from '#kernel'
import type { Reader } from '#storage'
import { listPasskeys, type Passkey } from '../passkeys/passkey.store.ts'
import { findPassword } from '../passwords/password.store.ts'
import { countRecoveryCodes } from '../recovery/recovery-code.ts'
import { findTotp } from '../totp/totp.store.ts'

/** How a user can sign in. */
export interface Factors {
  readonly passwordSetAtMs: number | undefined
  readonly totpEnrolledAtMs: number | undefined
  readonly passkeys: readonly Passkey[]
  readonly recoveryCodesLeft: number
}

export async function readFactors(db: Reader, organization: OrganizationId, user: UserId): Promise<Factors> {
  const password = await findPassword(db, organization, user)
  const totp = await findTotp(db, organization, user)
  return {
    passwordSetAtMs: password?.setAtMs,
    totpEnrolledAtMs: totp?.enrolledAtMs,
    passkeys: await listPasskeys(db, organization, user),
    recoveryCodesLeft: await countRecoveryCodes(db, organization, user),
  }
}

/** Whether something is there to ask for after the password. */
export const hasSecondFactor = (factors: Factors): boolean =>
  factors.totpEnrolledAtMs !== undefined || factors.passkeys.length > 0
