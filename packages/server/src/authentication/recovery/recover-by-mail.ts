import { record } from '#feed'
import { type Act, Fault, type Secret } from '#kernel'
import type { Reader } from '#storage'
import type { Person } from '../deps.ts'
import { hasSecondFactor, readFactors } from '../factors/factors.ts'
import { setPassword } from '../factors/write-factors.ts'
import { needsSecondFactorOf } from '../http/visitor.ts'
import { countLinks, deleteLinksOf, takeLink } from '../links/link.store.ts'
import { makeRecoveryLink, requireLink } from '../links/make-link.ts'
import type { Services } from '../services.ts'
import { actOfPerson } from '../sessions/sessions.ts'
import { type Attempt, deleteAttempt, saveAttempt } from '../sign-in/attempt.store.ts'
import { newAttempt } from '../sign-in/begin.ts'

/** Links that one person may have at once: more would be a way to fill somebody's letter box. None voids another. */
const linksMost = 3

/**
 * Whether a letter may replace this person's password: they have one, may use it, and a letter is not the only thing between
 * its reader and what asks for two factors. A passkey is never replaced by mail, and a second factor is asked for as ever.
 */
async function isRecoverable(db: Reader, services: Services, person: Person): Promise<boolean> {
  if (person.state !== 'active' || !services.outbox.reaches(person)) return false
  const { factors: allowed } = person.organization.rules
  if (allowed !== undefined && !allowed.includes('password')) return false
  const factors = await readFactors(db, person.organizationId, person.id)
  if (factors.passwordSetAtMs === undefined) return false
  return hasSecondFactor(factors) || !needsSecondFactorOf(services, person)
}

/**
 * Sends the letter where it may be sent. INVARIANT: one answer and one transaction whoever it is about; what was done is on
 * record for whoever may read it, and in the person's letter box.
 * @throws {Fault} `authentication.throttled`
 */
export async function askForRecovery(services: Services, act: Act, attempt: Attempt): Promise<void> {
  const { storage, people, throttle, clock, outbox } = services
  const nowMs = clock.nowMs()
  const person = attempt.userId && (await people.find(storage.db, attempt.userId))
  const who = person ? person.id : `${attempt.organizationId}:${attempt.login.normalize('NFKC').toLowerCase()}`
  const waitMs = await throttle.take({ account: `recovery:${who}`, address: act.address, device: undefined }, nowMs)
  if (waitMs > 0) throw new Fault('authentication.throttled', { retryAfterSeconds: Math.ceil(waitMs / 1_000) })
  await storage.transact(async (tx) => {
    const able = person !== undefined && (await isRecoverable(tx, services, person))
    const sends = able && (await countLinks(tx, person.organizationId, person.id, 'recovery', nowMs)) < linksMost
    await record(tx, act, {
      type: 'authentication.recovery_asked',
      atMs: nowMs,
      organizationId: attempt.organizationId,
      object: person
        ? { type: 'User', id: person.id, name: person.username }
        : { type: 'Organization', id: attempt.organizationId ?? 'unknown' },
      outcome: sends ? 'success' : 'failure',
      data: { sent: sends },
      touches: [],
    })
    if (!sends) return
    const link = await makeRecoveryLink(tx, services, act, person)
    await outbox.put(tx, person, 'recovery', {
      url: link.url,
      organization: person.organization.displayName,
      minutes: 60,
    })
  })
}

/** Opens the link of a letter. @throws {Fault} `authentication.link_invalid` */
export async function openRecovery(services: Services, keyHash: string, token: string): Promise<Attempt> {
  const { storage, people } = services
  const link = await requireLink(services, token)
  const person = link.userId && (await people.find(storage.db, link.userId))
  if (link.purpose !== 'recovery' || !person || !(await isRecoverable(storage.db, services, person)))
    throw new Fault('authentication.link_invalid')
  const attempt: Attempt = {
    ...newAttempt(services, keyHash, '/account'),
    purpose: 'recovery',
    stage: 'recover',
    organizationId: link.organizationId,
    userId: link.userId,
    login: person.username,
    linkHash: link.keyHash,
  }
  await storage.transact((tx) => saveAttempt(tx, attempt))
  return attempt
}

/**
 * The new password in place of the old one: every session ends, every link is void, the person is told, and signs in with it
 * as ever, second factor included.
 * @throws {Fault} `authentication.password_weak`, `authentication.link_invalid`, `authentication.form_stale`
 */
export async function finishRecovery(services: Services, act: Act, attempt: Attempt, password: Secret): Promise<void> {
  const { storage, people, passwords, sessions, clock, outbox, url } = services
  const { linkHash } = attempt
  const person = attempt.userId && (await people.find(storage.db, attempt.userId))
  if (!person || linkHash === undefined) throw new Fault('authentication.form_stale')
  const words = [person.username, person.name, person.email, person.organization.displayName]
  const phc = await passwords.hashNew(password, words)
  await storage.transact(async (tx) => {
    if (!(await deleteAttempt(tx, attempt))) throw new Fault('authentication.form_stale')
    const used = (await isRecoverable(tx, services, person)) ? await takeLink(tx, linkHash, clock.nowMs()) : undefined
    if (used === undefined) throw new Fault('authentication.link_invalid')
    const own = actOfPerson(act, person)
    if (used.mailedTo !== undefined) await people.confirmEmail(tx, own, person.id, used.mailedTo)
    await record(tx, own, {
      type: 'authentication.link_used',
      atMs: clock.nowMs(),
      organizationId: person.organizationId,
      object: { type: 'User', id: person.id, name: person.username },
      data: { purpose: 'recovery' },
      touches: [],
    })
    await deleteLinksOf(tx, person.organizationId, person.id)
    await setPassword(tx, services, own, person, phc, 'link')
    await sessions.endAll(tx, own, person.organizationId, person.id, 'password recovered by mail')
    await outbox.put(tx, person, 'password_changed', {
      atMs: clock.nowMs(),
      address: act.address,
      url: `${url}/account`,
    })
  })
  sessions.cache.forgetUser(person.id)
}
