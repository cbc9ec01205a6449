import { record } from '#feed'
import { type Act, Fault } from '#kernel'
import type { Organization } from '../deps.ts'
import { linkLifetimeMs, makeUserLink } from '../links/make-link.ts'
import type { Services } from '../services.ts'
import { takeRegistration } from './registration.store.ts'
import '../events.ts'
import '../faults.ts'

/**
 * Opens the account that somebody asked for: the user is made, and a letter with a link to enrol by goes to the confirmed
 * address.
 * @throws {Fault} `authentication.registration_unknown`; of the directory, when the name was taken meanwhile
 */
export async function approveRegistration(services: Services, act: Act, organization: Organization, id: string) {
  const { storage, people, clock, outbox } = services
  const { linkWaiting } = await import('../federation/waiting.store.ts')
  return storage.write(async (tx) => {
    const waiting = await takeRegistration(tx, organization.id, id)
    if (waiting === undefined) throw new Fault('authentication.registration_unknown')
    const { username, name, email, language } = waiting
    const person = await people.create(tx, act, organization.id, { username, name, email, emailVerified: true })
    const link = await makeUserLink(tx, services, act, person, 'invitation', person.email)
    await linkWaiting(tx, services, act, person, id)
    await outbox.put(tx, { ...person, language }, 'approved', {
      url: link.url,
      organization: organization.displayName,
      days: Math.round(linkLifetimeMs.invitation / 86_400_000),
    })
    await record(tx, act, {
      type: 'authentication.registration_approved',
      atMs: clock.nowMs(),
      organizationId: organization.id,
      object: { type: 'User', id: person.id, name: person.username },
      data: { registration: id },
      touches: [],
    })
    return person
  })
}

/** Refuses it: what was entered is deleted, and the address is told. @throws {Fault} `authentication.registration_unknown` */
export async function refuseRegistration(services: Services, act: Act, organization: Organization, id: string) {
  const { storage, clock, outbox } = services
  const { deleteWaiting } = await import('../federation/waiting.store.ts')
  return storage.write(async (tx) => {
    const waiting = await takeRegistration(tx, organization.id, id)
    if (waiting === undefined) throw new Fault('authentication.registration_unknown')
    await deleteWaiting(tx, organization.id, id)
    await outbox.put(tx, waiting, 'refused', { organization: organization.displayName })
    await record(tx, act, {
      type: 'authentication.registration_refused',
      atMs: clock.nowMs(),
      organizationId: organization.id,
      object: { type: 'Organization', id: organization.id, name: organization.name },
      data: { registration: id },
      touches: [],
    })
  })
}
