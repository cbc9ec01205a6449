import { record } from '#feed'
import type { Act, Secret } from '#kernel'
import type { Tx } from '#storage'
import type { AuthenticationDeps, Person } from '../deps.ts'
import type { Passwords } from '../passwords/passwords.ts'
import { countRecoveryCodes, takeRecoveryCode } from '../recovery/recovery-code.ts'
import { findTotp, takeTotpStep } from '../totp/totp.store.ts'
import { stepOfCode, totpPurpose } from '../totp/totp.ts'
import type { Attempt } from './attempt.store.ts'
import type { Conditions } from './conditions.ts'
import type { Destinations } from './destinations.ts'
import type { Outcome, Proving, Visitor } from './proving.ts'

export type MethodDeps = AuthenticationDeps & {
  readonly proving: Proving
  readonly passwords: Passwords
  readonly conditions: Conditions
  readonly destinations: Destinations
}

const personOf = async ({ people, storage }: MethodDeps, attempt: Attempt): Promise<Person | undefined> =>
  attempt.userId && (await people.find(storage.db, attempt.userId))

/** A password. The one answer to all that is wrong with it is `authentication.rejected`. */
export async function provePassword(
  deps: MethodDeps,
  act: Act,
  visitor: Visitor,
  attempt: Attempt,
  password: Secret,
): Promise<Outcome> {
  const person = await personOf(deps, attempt)
  return deps.proving.run(act, visitor, {
    method: 'password',
    attempt,
    person,
    throttled: true,
    check: async () => ((await deps.passwords.check(act, person, password)) ? { amr: ['pwd'] } : undefined),
  })
}

/** A code of the authenticator app, after the password. */
export async function proveTotp(
  deps: MethodDeps,
  act: Act,
  visitor: Visitor,
  attempt: Attempt,
  code: string,
): Promise<Outcome> {
  const { storage, keyring, clock } = deps
  const person = await personOf(deps, attempt)
  const check = async () => {
    const totp = person && (await findTotp(storage.db, person.organizationId, person.id))
    if (totp === undefined || person === undefined) return undefined
    const secret = await keyring.unseal(totpPurpose, totp.sealed, person.id)
    const step = await stepOfCode(secret, code, clock.nowMs())
    if (step === undefined) return undefined
    return {
      amr: [...attempt.amr, 'otp', 'mfa'],
      use: (tx: Tx) => takeTotpStep(tx, person.organizationId, person.id, step),
    }
  }
  return deps.proving.run(act, visitor, { method: 'totp', attempt, person, throttled: true, check })
}

/** A recovery code in place of the second factor, after the password. */
export async function proveRecoveryCode(
  deps: MethodDeps,
  act: Act,
  visitor: Visitor,
  attempt: Attempt,
  code: string,
): Promise<Outcome> {
  const { clock } = deps
  const person = await personOf(deps, attempt)
  const check = async () =>
    person && {
      amr: [...attempt.amr, 'otp', 'mfa'],
      use: async (tx: Tx, own: Act) => {
        if (!(await takeRecoveryCode(tx, person.organizationId, person.id, code, clock.nowMs()))) return false
        await record(tx, own, {
          type: 'authentication.recovery_code_used',
          atMs: clock.nowMs(),
          organizationId: person.organizationId,
          object: { type: 'User', id: person.id, name: person.username },
          data: { left: await countRecoveryCodes(tx, person.organizationId, person.id) },
          touches: [],
        })
        return true
      },
    }
  return deps.proving.run(act, visitor, { method: 'recovery_code', attempt, person, throttled: true, check })
}
