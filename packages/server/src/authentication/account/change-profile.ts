import { record } from '#feed'
import { Fault, randomToken } from '#kernel'
import type { Person } from '../deps.ts'
import type { Resident } from '../http/visitor.ts'
import type { Services } from '../services.ts'
import { hashToken } from '../sessions/session.ts'
import { deleteProofsOf, findProof, insertProof, listProofsOf, takeProof } from './address-proof.store.ts'
import '../events.ts'
import '../faults.ts'

export const proofMs = 60 * 60_000
/** Letters under way for one person: more would be a way to write to strangers. */
const proofsMost = 3

/** What a person may change about themselves here. An address needs letters, since it counts only once it is confirmed. */
export const profileRules = ({ outbox }: Services, { organization }: Person) => ({
  name: organization.account?.editName !== false,
  email: organization.account?.editEmail === true && outbox.sends,
})

/** @throws {Fault} of the directory, with `errors`; `authentication.profile_fixed` */
export async function changeName(services: Services, { person, act }: Resident, name: string): Promise<void> {
  if (!profileRules(services, person).name) throw new Fault('authentication.profile_fixed')
  await services.storage.transact((tx) => services.people.update(tx, act, person.id, { name }))
  services.sessions.cache.forgetUser(person.id)
}

/**
 * Sends a letter with a link to a new address, if the directory would take it; nothing changes yet. INVARIANT: whether
 * somebody else has the address is told to nobody but who reads its letters.
 * @throws {Fault} of the directory, with `errors`; `authentication.profile_fixed`, `authentication.throttled`
 */
export async function askForAddress(services: Services, { person, act }: Resident, email: string): Promise<void> {
  const { storage, people, clock, entropy, outbox, url } = services
  if (!profileRules(services, person).email) throw new Fault('authentication.profile_fixed')
  const address = people.parseEmail(email)
  const nowMs = clock.nowMs()
  await storage.transact(async (tx) => {
    if ((await listProofsOf(tx, person.organizationId, person.id, nowMs)).length >= proofsMost)
      throw new Fault('authentication.throttled', { retryAfterSeconds: proofMs / 1_000 })
    const token = randomToken(entropy)
    const proof = {
      organizationId: person.organizationId,
      purpose: 'change',
      userId: person.id,
      email: address,
    } as const
    await insertProof(tx, hashToken(token), proof, nowMs + proofMs)
    await outbox.put(tx, { ...person, email: address }, 'email_confirm', {
      url: `${url}/account/email#${token}`,
      organization: person.organization.displayName,
      minutes: proofMs / 60_000,
    })
    await record(tx, act, {
      type: 'authentication.address_asked',
      atMs: nowMs,
      organizationId: person.organizationId,
      object: { type: 'User', id: person.id, name: person.username },
      data: {},
      touches: [],
    })
  })
}

/**
 * The address of a link becomes the person's, in the session of the person who asked: a link that is read on its way is worth
 * nothing. The former address is told.
 * @throws {Fault} `authentication.link_invalid`, `directory.name_taken`
 */
export async function confirmAddress(services: Services, { person, act }: Resident, token: string): Promise<void> {
  const { storage, people, clock, outbox, sessions } = services
  const keyHash = hashToken(token)
  const nowMs = clock.nowMs()
  const proof = await findProof(storage.db, keyHash, nowMs)
  if (proof?.purpose !== 'change' || proof.userId !== person.id || !profileRules(services, person).email)
    throw new Fault('authentication.link_invalid')
  await storage.transact(async (tx) => {
    if (!(await takeProof(tx, keyHash, nowMs))) throw new Fault('authentication.link_invalid')
    await deleteProofsOf(tx, person.organizationId, person.id)
    await people.update(tx, act, person.id, { email: proof.email, emailVerified: true })
    await outbox.put(tx, person, 'email_changed', { atMs: nowMs })
    await record(tx, act, {
      type: 'authentication.address_confirmed',
      atMs: nowMs,
      organizationId: person.organizationId,
      object: { type: 'User', id: person.id, name: person.username },
      data: {},
      touches: [],
    })
  })
  sessions.cache.forgetUser(person.id)
}
