import type { Reader } from '#storage'
import type { Administrators, Person } from '../deps.ts'
import { hasSecondFactor, readFactors } from '../factors/factors.ts'
import type { Outbox } from '../mail/outbox.ts'
import type { Attempt } from '../sign-in/attempt.store.ts'

export interface MailDeps {
  readonly outbox: Outbox
  readonly administrators: Pick<Administrators, 'isAdministrator'>
}

/**
 * Whether a code by mail may stand for this person at this point. INVARIANT: never for an administrator, never without the
 * organization's naming it, only to an address that the person is known to read; never in the place of a stronger second factor
 * that they have, and never as the only thing between a letter box and what asks for two.
 */
export async function mayUseMail(
  db: Reader,
  { outbox, administrators }: MailDeps,
  person: Person,
  attempt: Pick<Attempt, 'stage' | 'factors' | 'needs'>,
): Promise<boolean> {
  const { rules } = person.organization
  if (person.state !== 'active' || !outbox.reaches(person) || !rules.factors?.includes('email')) return false
  if (!person.emailVerified) return false
  if (administrators.isAdministrator(person.id) || attempt.factors.includes('email')) return false
  const factors = await readFactors(db, person.organizationId, person.id)
  if (attempt.stage === 'password') return hasSecondFactor(factors) || rules.secondFactor !== 'everyone'
  return attempt.needs.includes('email') || !hasSecondFactor(factors)
}
