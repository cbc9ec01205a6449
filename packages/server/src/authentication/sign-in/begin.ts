import { type Clock, type Entropy, newId } from '#kernel'
import type { AuthenticationDeps, Organization } from '../deps.ts'
import type { Acr } from '../sessions/session.ts'
import { type Attempt, saveAttempt } from './attempt.store.ts'

/** How long a sign-in may take. */
export const attemptMs = 15 * 60_000

/** An attempt of which nothing is known yet. */
export const newAttempt = (
  deps: { clock: Clock; entropy: Entropy },
  keyHash: string,
  returnTo: string,
  acr?: Acr,
): Attempt => ({
  keyHash,
  id: newId('try', deps),
  purpose: 'sign_in',
  stage: 'password',
  organizationId: undefined,
  userId: undefined,
  login: '',
  returnTo,
  amr: [],
  factors: [],
  needs: [],
  acr,
  challenge: undefined,
  pending: undefined,
  linkHash: undefined,
  failures: 0,
  expiresAtMs: deps.clock.nowMs() + attemptMs,
})

export interface Begin {
  readonly keyHash: string
  readonly login: string
  /** As the address, the application or the person named it. */
  readonly organization: string | undefined
  readonly returnTo: string
  /** The strength that is wanted at least. */
  readonly acr: Acr | undefined
}

/**
 * Finds the organization (named, else of the e-mail's domain, else the only one there is) and begins an attempt in it, alike
 * for a name that nobody has.
 */
export async function beginSignIn(
  deps: AuthenticationDeps,
  it: Begin,
): Promise<{ kind: 'begun'; attempt: Attempt } | { kind: 'organization_needed' } | { kind: 'organization_unknown' }> {
  const { storage, people } = deps
  const organization = await organizationOf(deps, it)
  if (organization === undefined)
    return { kind: it.organization === undefined ? 'organization_needed' : 'organization_unknown' }
  const person = await people.findByLogin(storage.db, organization.id, it.login)
  const attempt: Attempt = {
    ...newAttempt(deps, it.keyHash, it.returnTo, it.acr),
    organizationId: organization.id,
    userId: person?.id,
    login: it.login,
  }
  await storage.transact((tx) => saveAttempt(tx, attempt), { lazily: true })
  return { kind: 'begun', attempt }
}

async function organizationOf({ storage, people }: AuthenticationDeps, it: Begin): Promise<Organization | undefined> {
  if (it.organization !== undefined) return people.findOrganization(storage.db, it.organization)
  return (await people.findOrganizationOfEmail(storage.db, it.login)) ?? people.findOnlyOrganization(storage.db)
}
