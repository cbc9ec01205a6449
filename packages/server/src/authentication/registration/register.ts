import { record } from '#feed'
import { type Act, Fault, newId, randomToken } from '#kernel'
import { type AddressProof, findProof, insertProof, takeProof } from '../account/address-proof.store.ts'
import type { NewPerson, Organization } from '../deps.ts'
import type { Language } from '../languages/languages.ts'
import { makeUserLink } from '../links/make-link.ts'
import type { Services } from '../services.ts'
import { hashToken } from '../sessions/session.ts'
import { countRegistrations, insertRegistration } from './registration.store.ts'
import '../events.ts'
import '../faults.ts'

const proofMs = 60 * 60_000
/** Accounts of one organization that may wait for an answer. */
const waitingMost = 1_000

/** Whether people may make accounts here by themselves. Without letters nobody can show that an address is theirs. */
export const isOpen = ({ outbox }: Pick<Services, 'outbox'>, organization: Organization): boolean =>
  organization.registration?.open === true && outbox.sends

async function isAllowed(services: Services, organization: Organization, email: string): Promise<boolean> {
  const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase()
  const domains = organization.registration?.domains
  if (domains !== undefined) return domains.includes('*') || domains.includes(domain)
  return (await services.people.findOrganizationOfEmail(services.storage.db, email))?.id === organization.id
}

/**
 * Sends a letter to an address with which an account may be made, or that has one. INVARIANT: one answer and one kind of
 * transaction for every address, whether it has an account, may have one, or may not.
 * @throws {Fault} `authentication.registration_closed`, `authentication.throttled`, `directory.invalid`
 */
export async function askForAccount(
  services: Services,
  act: Act,
  organization: Organization,
  given: string,
  language: Language,
): Promise<void> {
  const { storage, people, throttle, clock, entropy, outbox, url } = services
  if (!isOpen(services, organization)) throw new Fault('authentication.registration_closed')
  const email = people.parseEmail(given)
  const nowMs = clock.nowMs()
  const account = `register:${organization.id}:${email.toLowerCase()}`
  const waitMs = await throttle.take({ account, address: act.address, device: undefined }, nowMs)
  if (waitMs > 0) throw new Fault('authentication.throttled', { retryAfterSeconds: Math.ceil(waitMs / 1_000) })
  const allowed = await isAllowed(services, organization, email)
  const to = { organizationId: organization.id, name: email, email, language }
  await storage.transact(async (tx) => {
    const has = await people.findByLogin(tx, organization.id, email)
    const token = randomToken(entropy)
    const proof = { organizationId: organization.id, purpose: 'register', userId: undefined, email } as const
    await insertProof(tx, hashToken(token), proof, nowMs + proofMs)
    const sent = has === undefined ? allowed : has.state === 'active'
    await record(tx, act, {
      type: 'authentication.registration_asked',
      atMs: nowMs,
      organizationId: organization.id,
      object: { type: 'Organization', id: organization.id, name: organization.name },
      outcome: sent ? 'success' : 'failure',
      data: { sent },
      touches: [],
    })
    const values = { organization: organization.displayName }
    if (has !== undefined && sent)
      await outbox.put(tx, { ...to, id: has.id }, 'registered', {
        ...values,
        url: `${url}/sign-in?organization=${organization.name}`,
      })
    else if (sent)
      await outbox.put(tx, to, 'register', { ...values, url: `${url}/register/confirm#${token}`, minutes: 60 })
  })
}

/** The address that a link is for. @throws {Fault} `authentication.link_invalid` */
export async function requireConfirmed(
  services: Services,
  token: string,
): Promise<{ proof: AddressProof; organization: Organization }> {
  const { storage, people, clock } = services
  const proof = await findProof(storage.db, hashToken(token), clock.nowMs())
  const organization = proof && (await people.findOrganization(storage.db, proof.organizationId))
  if (
    proof?.purpose !== 'register' ||
    organization === undefined ||
    !isOpen(services, organization) ||
    !(await isAllowed(services, organization, proof.email))
  )
    throw new Fault('authentication.link_invalid')
  return { proof, organization }
}

/**
 * Makes the account of a confirmed address, or lets it wait for an administrator. The link is used up either way.
 * @returns a one-time link to enrol by, or nothing when an administrator decides
 * @throws {Fault} `authentication.link_invalid`, `authentication.registration_full`; of the directory, with `errors`
 */
export async function register(
  services: Services,
  act: Act,
  token: string,
  given: Pick<NewPerson, 'name' | 'username'>,
  language: Language,
): Promise<{ readonly enrolToken: string | undefined; readonly organization: Organization }> {
  const { storage, people, clock, entropy } = services
  const { proof, organization } = await requireConfirmed(services, token)
  refuseOthersAddress(given.username, proof.email)
  const nowMs = clock.nowMs()
  const system: Act = { ...act, actor: { type: 'system', name: 'registration' } }
  const wanted: NewPerson = { ...given, email: proof.email, emailVerified: true }
  const approval = organization.registration?.approval ?? 'administrator'
  const username = approval === 'none' ? undefined : await checked(services, system, organization, wanted)
  const enrolToken = await storage.transact(async (tx) => {
    if (!(await takeProof(tx, hashToken(token), nowMs))) throw new Fault('authentication.link_invalid')
    if (username === undefined) {
      const person = await people.create(tx, system, organization.id, wanted)
      const link = await makeUserLink(tx, services, system, person, 'invitation')
      await record(tx, system, {
        type: 'authentication.registered',
        atMs: nowMs,
        organizationId: organization.id,
        object: { type: 'User', id: person.id, name: person.username },
        data: {},
        touches: [],
      })
      return link.token
    }
    if ((await countRegistrations(tx, organization.id)) >= waitingMost)
      throw new Fault('authentication.registration_full')
    const id = newId('reg', { clock, entropy })
    const waiting = { organizationId: organization.id, id, username, name: given.name, email: proof.email, language }
    if (!(await insertRegistration(tx, { ...waiting, askedAtMs: nowMs }))) throw new Fault('directory.name_taken')
    await record(tx, system, {
      type: 'authentication.registration_waiting',
      atMs: nowMs,
      organizationId: organization.id,
      object: { type: 'Organization', id: organization.id, name: organization.name },
      data: { registration: id },
      touches: [],
    })
    return undefined
  })
  return { enrolToken, organization }
}

/** INVARIANT: names and addresses name people alike, so nobody takes an address for a name that they have not shown to be theirs. */
function refuseOthersAddress(username: string, email: string): void {
  const folded = (text: string) => text.normalize('NFKC').toLowerCase()
  if (!folded(username).includes('@') || folded(username) === folded(email)) return
  const detail = 'must not be an address that is not confirmed'
  throw new Fault('directory.invalid', { detail, extra: { errors: [{ pointer: '/username', detail }] } })
}

class DryRun extends Error {}

/** The user name as the directory would keep it, once it would take the person: nothing is written. */
async function checked(services: Services, act: Act, organization: Organization, person: NewPerson): Promise<string> {
  let username = ''
  await services.storage
    .transact(async (tx) => {
      username = (await services.people.create(tx, act, organization.id, person)).username
      throw new DryRun()
    })
    .catch((error) => {
      if (!(error instanceof DryRun)) throw error
    })
  return username
}
