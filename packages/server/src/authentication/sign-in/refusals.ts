import type { RequiredFactor, SignInAnswer } from '#authorization'
import { record } from '#feed'
import { type Act, type Clock, Fault } from '#kernel'
import type { Storage, Tx } from '#storage'
import type { Person } from '../deps.ts'
import type { Method } from '../events.ts'
import { type Attempt, advanceAttempt, deleteAttempt } from './attempt.store.ts'
import type { SignInMeasures } from './measures.ts'
import { noteFailedTry } from './suspects.ts'
import '../faults.ts'

interface Deps {
  readonly storage: Storage
  readonly clock: Clock
  readonly measures: SignInMeasures
}

/** A try that failed: by which way, and who it was about. */
interface Failed {
  readonly method: Method
  readonly attempt: Attempt
  readonly person: Person | undefined
}

/** @throws {Fault} `authentication.rejected`, always */
export async function reject(deps: Deps, act: Act, it: Failed, reason: string): Promise<never> {
  await recordFailure(deps, act, it, reason)
  throw new Fault('authentication.rejected', { cause: new Error(`${it.method}: ${reason}`) })
}

/** Puts a try that failed, or was put off, on record, and counts it. */
export async function recordFailure(deps: Deps, act: Act, it: Failed, reason: string): Promise<void> {
  const { storage, clock, measures } = deps
  const { attempt, person, method } = it
  const organizationId = person?.organizationId ?? attempt.organizationId
  const suspected = await storage.transact(async (tx) => {
    await advanceAttempt(tx, attempt, { failures: attempt.failures + 1 })
    const about = {
      atMs: clock.nowMs(),
      organizationId,
      object: person
        ? { type: 'User', id: person.id, name: person.username }
        : { type: 'Organization', id: organizationId ?? 'unknown' },
      outcome: 'failure' as const,
      touches: [],
    }
    if (reason === 'throttled') await record(tx, act, { ...about, type: 'authentication.throttled', data: { method } })
    else {
      const why = person === undefined ? 'nobody of that name' : reason
      await record(tx, act, { ...about, type: 'authentication.rejected', data: { method, reason: why } })
    }
    const account = person?.id ?? attempt.login.normalize('NFKC').toLowerCase()
    return noteFailedTry(tx, act, { account, organizationId, address: act.address, nowMs: about.atMs })
  })
  for (const kind of suspected) measures.attack(kind)
}

type Denial = Exclude<SignInAnswer, { kind: 'permit' }>

/** Ends an attempt that policies refuse, on the record. */
export async function recordDenial(
  tx: Tx,
  { clock }: Pick<Deps, 'clock'>,
  act: Act,
  person: Person,
  attempt: Attempt,
  { reasons }: Denial,
): Promise<void> {
  await deleteAttempt(tx, attempt)
  await record(tx, act, {
    type: 'authentication.denied',
    atMs: clock.nowMs(),
    organizationId: person.organizationId,
    object: { type: 'User', id: person.id, name: person.username },
    outcome: 'failure',
    data: { action: 'signIn', reasons },
    touches: [],
  })
}

/**
 * Says why policies refuse: who it was has been proved, so that they may know.
 * @throws {Fault} `authentication.denied`, always
 */
export function deny(answer: Denial): never {
  const detail = answer.kind === 'require' ? { detail: sayMissing(answer.factors) } : {}
  throw new Fault('authentication.denied', { ...detail, extra: { reasons: answer.reasons } })
}

const called: Readonly<Record<RequiredFactor, string>> = {
  email: 'a code by e-mail',
  totp: 'an authenticator app',
  passkey: 'a passkey',
}
const sayMissing = (factors: readonly RequiredFactor[]): string =>
  `That was right, but here and now your organization asks for ${factors.map((factor) => called[factor]).join(' or ')} too, which you do not have`
