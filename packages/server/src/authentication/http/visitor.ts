import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Act, Fault } from '#kernel'
import { actOf } from '#web'
import type { Person } from '../deps.ts'
import { at, doorOf } from '../pages/door-of.ts'
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
/** Within this after a proof another one would be no different. */
const triedMs = 60_000

/**
 * @throws {NeedsSignIn} without a session, with one that is not fresh where `fresh` is asked for, or of which sign-in policies ask more
 * @throws {Fault} `authentication.denied` where they do not let it go on here and now
 */
export async function requireResident(
  { cookies, sessions, clock, standing }: Services,
  request: FastifyRequest,
  options: { readonly fresh?: boolean; readonly returnTo: string },
): Promise<Resident> {
  const token = cookies.read(request, 'session')
  const known = token === undefined ? undefined : await sessions.find(token)
  if (token === undefined || known === undefined) throw new NeedsSignIn(options.returnTo)
  const { session, person } = known
  if (options.fresh && clock.nowMs() - session.authenticatedAtMs > freshMs)
    throw new NeedsSignIn(options.returnTo, true)
  if (standing.isAsked(person.organizationId)) {
    const going = { session, person, address: request.ip, deviceToken: cookies.read(request, 'device') }
    const answer = await standing.ask({ requestId: request.id }, going)
    // INVARIANT: who has proved themselves a moment ago and is refused is told so, not sent around.
    const again = answer.kind === 'require' && clock.nowMs() - session.authenticatedAtMs > triedMs
    if (again) throw new NeedsSignIn(options.returnTo, true)
    if (answer.kind !== 'permit') throw new Fault('authentication.denied', { extra: { reasons: answer.reasons } })
  }
  return { token, session, person, act: actOfPerson(anonymousAct(request), person, session.id) }
}

/** Gives the browser its session. */
export function admit({ cookies, clock }: Services, reply: FastifyReply, done: SignedIn): void {
  cookies.set(reply, 'session', done.token, done.session.expiresAtMs - clock.nowMs())
  if (done.deviceToken !== undefined) cookies.set(reply, 'device', done.deviceToken, deviceMs)
  cookies.clear(reply, 'flow')
}

/** Takes people where they were going: a page of ours directly, anything else by a page of its own (see `sendPage`). */
export async function sendOnward(services: Services, reply: FastifyReply, done: SignedIn): Promise<FastifyReply> {
  const { returnTo, session } = done
  if (isOwnPage(returnTo)) return reply.redirect(returnTo, 303)
  return sendPage(reply, at(await doorOf(services, reply.request, session.organizationId), onwardPage(returnTo)))
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
