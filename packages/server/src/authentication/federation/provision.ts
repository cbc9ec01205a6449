import { domainOfEmail, type Provider } from '#directory'
import { record } from '#feed'
import { type Act, Fault, isFault, newId } from '#kernel'
import type { Organization, Person } from '../deps.ts'
import type { Language } from '../languages/languages.ts'
import { countRegistrations, insertRegistration } from '../registration/registration.store.ts'
import type { Services } from '../services.ts'
import { knownAs, linkIdentity } from './link-identity.ts'
import type { Assertion } from './upstream.ts'
import { insertWaiting } from './waiting.store.ts'
import '../events.ts'

const waitingMost = 1_000

/** What becomes of somebody whom a provider vouches for and nobody knows here. */
export type Brought =
  | { readonly kind: 'person'; readonly person: Person }
  | { readonly kind: 'waiting' }
  /** The provider may not bring them. */
  | { readonly kind: 'not_brought' }
  /** Somebody here has the address already: they link it themselves, by what they sign in with. */
  | { readonly kind: 'address_known' }

/**
 * Makes the account of somebody unknown, or lets it wait for an administrator, as the organization's registration rules say.
 * INVARIANT: only where the provider may bring people, with an address that it has verified, of a domain that an administrator has
 * listed for it, and that nobody here has.
 */
export async function bring(
  services: Services,
  act: Act,
  organization: Organization,
  provider: Provider,
  it: Assertion,
  language: Language,
): Promise<Brought> {
  const { storage, people, clock } = services
  const email = emailOf(services, provider, it)
  if (email === undefined) return { kind: 'not_brought' }
  if ((await people.findByLogin(storage.db, organization.id, email)) !== undefined) return { kind: 'address_known' }
  const system: Act = { ...act, actor: { type: 'system', name: 'registration' } }
  const name = it.name ?? email
  try {
    if (organization.registration?.approval === 'none') {
      const person = await storage.transact(async (tx) => {
        const input = { username: email, name, email, emailVerified: true }
        const made = await people.create(tx, system, organization.id, input)
        await linkIdentity(tx, services, system, made, provider, knownAs(it), 'provisioning')
        await record(tx, system, {
          type: 'authentication.registered',
          atMs: clock.nowMs(),
          organizationId: organization.id,
          object: { type: 'User', id: made.id, name: made.username },
          data: {},
          touches: [],
        })
        return people.activate(tx, system, made.id)
      })
      return { kind: 'person', person }
    }
    await storage.transact((tx) => wait(tx, services, system, organization, provider, it, { email, name, language }))
    return { kind: 'waiting' }
  } catch (error) {
    // A name that the directory does not take, or that somebody has got in between.
    if (isFault(error, 'directory.invalid')) return { kind: 'not_brought' }
    if (isFault(error, 'directory.name_taken')) return { kind: 'address_known' }
    throw error
  }
}

function emailOf({ people }: Services, provider: Provider, it: Assertion): string | undefined {
  if (!provider.provisions || it.email === undefined || !it.emailVerified) return undefined
  try {
    const email = people.parseEmail(it.email).toLowerCase()
    const domain = domainOfEmail(email)
    return domain !== undefined && provider.domains.includes(domain) ? email : undefined
  } catch (error) {
    if (isFault(error, 'directory.invalid')) return undefined
    throw error
  }
}

async function wait(
  tx: Parameters<typeof insertRegistration>[0],
  services: Services,
  act: Act,
  organization: Organization,
  provider: Provider,
  it: Assertion,
  { email, name, language }: { readonly email: string; readonly name: string; readonly language: Language },
): Promise<void> {
  const { clock, entropy, keyring } = services
  if ((await countRegistrations(tx, organization.id)) >= waitingMost)
    throw new Fault('authentication.registration_full')
  const id = newId('reg', { clock, entropy })
  const asked = { organizationId: organization.id, id, username: email, name, email, language }
  // Who asks again waits as before.
  if (!(await insertRegistration(tx, { ...asked, askedAtMs: clock.nowMs() }))) return
  await insertWaiting(tx, keyring, { organizationId: organization.id, registrationId: id, providerId: provider.id, knownAs: knownAs(it) }) // biome-ignore format: one line
  await record(tx, act, {
    type: 'authentication.registration_waiting',
    atMs: clock.nowMs(),
    organizationId: organization.id,
    object: { type: 'Organization', id: organization.id, name: organization.name },
    data: { registration: id },
    touches: [],
  })
}
