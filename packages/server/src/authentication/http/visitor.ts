import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Act } from '#kernel'
import { actOf } from '#web'
import type { Person } from '../deps.ts'
import { onwardPage } from '../pages/outcome.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import type { Services } from '../services.ts'
import { isAtLeast, isOwnSecond, type Session } from '../sessions/session.ts'
import type { KnownSession } from '../sessions/session-cache.ts'
import { actOfPerson } from '../sessions/sessions.ts'
import { deviceMs } from '../sign-in/device.store.ts'
import type { SignedIn, Visitor } from '../sign-in/proving.ts'
import { NeedsSignIn } from './pages-scope.ts'
import { isOwnPage } from './return-to.ts'

/** The act of somebody who has not proved who they are. */
export const anonymousAct = (request: FastifyRequest): Act => actOf(request, undefined)

/** The browser of a request: where it is, and what it has from before. */
export async function readVisitor({ cookies, sessions }: Services, request: FastifyRequest): Promise<Visitor> {
  const token = cookies.read(request, 'session')
  const known = token === undefined ? undefined : await sessions.find(token)
  return {
    address: request.ip,
    agent: request.headers['user-agent'],
    deviceToken: cookies.read(request, 'device'),
    remember: (request.body as Record<string, unknown> | undefined)?.remember === 'yes',
    current: token !== undefined && known !== undefined ? { token, ...known } : undefined,
  }
}

/** Somebody signed in, at a page of theirs. */
export interface Resident {
  readonly token: string
  readonly session: Session
  readonly person: Person
  readonly act: Act
}

/** How long ago somebody must have proved who they are to change how they sign in. */
const freshMs = 10 * 60_000

/** @throws {NeedsSignIn} without a session, or with one that is not fresh where `fresh` is asked for */
export async function requireResident(
  { cookies, sessions, clock }: Services,
  request: FastifyRequest,
  options: { readonly fresh?: boolean; readonly returnTo: string },
): Promise<Resident> {
  const token = cookies.read(request, 'session')
  const known = token === undefined ? undefined : await sessions.find(token)
  if (token === undefined || known === undefined) throw new NeedsSignIn(options.returnTo)
  const { session, person } = known
  if (options.fresh && clock.nowMs() - session.authenticatedAtMs > freshMs)
    throw new NeedsSignIn(options.returnTo, true)
  return { token, session, person, act: actOfPerson(anonymousAct(request), person, session.id) }
}

/** Gives the browser its session. */
export function admit({ cookies, clock }: Services, reply: FastifyReply, done: SignedIn): void {
  cookies.set(reply, 'session', done.token, done.session.expiresAtMs - clock.nowMs())
  if (done.deviceToken !== undefined) cookies.set(reply, 'device', done.deviceToken, deviceMs)
  cookies.clear(reply, 'flow')
}

/** Takes people where they were going: a page of ours directly, anything else by a page of its own (see `sendPage`). */
export function sendOnward(reply: FastifyReply, path: string): FastifyReply {
  return isOwnPage(path) ? reply.redirect(path, 303) : sendPage(reply, onwardPage(path))
}

/**
 * Whether a session is not enough for what its person may do by now: an administrator, or anybody in an organization that
 * asks everyone for it, who signed in with one factor.
 */
export function needsSecondFactor(services: Services, { session, person }: KnownSession): boolean {
  if (!isAtLeast(session.acr, 'urn:gatehouse:acr:2')) return needsSecondFactorOf(services, person)
  return !isOwnSecond(session) && services.administrators.isAdministrator(person.id)
}

/** Whether one factor is not enough for this person. */
export function needsSecondFactorOf({ administrators }: Services, person: Person): boolean {
  return person.organization.rules.secondFactor === 'everyone' || administrators.isAdministrator(person.id)
}
