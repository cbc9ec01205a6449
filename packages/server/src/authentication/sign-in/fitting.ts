import type { Person } from '../deps.ts'
import type { Method } from '../events.ts'
import type { Factors } from '../factors/factors.ts'
import type { Acr } from '../sessions/session.ts'
import type { Attempt } from './attempt.store.ts'

/** Ways that no list of an organization's factors speaks of. */
const isOutside = (method: Method): method is 'recovery_code' | 'link' | 'federated' =>
  method === 'recovery_code' || method === 'link' || method === 'federated'

/** Whether the person's organization takes this way in; recovery codes stand in for whatever it takes, providers are its own. */
export function allows(person: Person, method: Method): boolean {
  const { factors } = person.organization.rules
  if (method === 'email') return factors?.includes(method) === true
  if (factors === undefined || isOutside(method)) return true
  return factors.includes(method)
}

/** INVARIANT: a provider counts only where what it said was taken: another way through the same attempt is not its. */
export const federationOf = ({ federation }: Attempt, shown: { readonly factors: readonly string[] }) =>
  shown.factors.includes('federated') ? federation : undefined

/** When the person was asked: now, unless a provider alone says who they are. */
export const askedAtMs = (attempt: Attempt, shown: { readonly factors: readonly string[] }): number | undefined =>
  shown.factors.every((factor) => factor.startsWith('federated')) ? federationOf(attempt, shown)?.askedAtMs : undefined

/** Whether the person has what policies ask for. */
export const has = (factors: Factors, wanted: string): boolean =>
  (wanted === 'passkey' && factors.passkeys.length > 0) || (wanted === 'totp' && factors.totpEnrolledAtMs !== undefined)

/** What the person has, and may use, that alone makes a sign-in as strong as is wanted; empty where any second factor does. */
export const stronger = (person: Person, factors: Factors, acr: Acr | undefined): string[] =>
  acr === 'phr' && factors.passkeys.length > 0 && allows(person, 'passkey') ? ['passkey'] : []
