import type { FastifyRequest } from 'fastify'
import type { SignInAnswer } from '#authorization'
import type { Act, OrganizationId, UserId } from '#kernel'
import type { Services } from '../services.ts'
import { isKnownDevice } from '../sign-in/device.store.ts'
import { factorsOfAmr, hashToken, isOwnSecond, type Session } from './session.ts'

/** What goes on for a person at an application by a refresh token, or through a gateway. */
export interface GoesOn {
  readonly requestId: string
  readonly organizationId: OrganizationId
  readonly userId: UserId
  readonly sessionId: string | undefined
  readonly applicationId: string
  /** Where the person is; undefined where only their application is heard of: then it is where the session is from. */
  readonly address: string | undefined
  /** How they signed in (RFC 8176), for what outlives its session. */
  readonly amr?: readonly string[] | undefined
}

/** Sessions for the rooms that stand on them: tokens, forward-auth. */
export function sessionSource({ sessions, people, cookies, storage, clock, conditions, standing }: Services) {
  const goOn = async (it: GoesOn): Promise<SignInAnswer> => {
    const { requestId, userId, sessionId, applicationId, amr = [] } = it
    const session = sessionId === undefined ? undefined : await sessions.findById(sessionId)
    const person = await people.find(storage.db, userId)
    if (person === undefined || session?.userId !== (session && userId)) return { kind: 'deny', reasons: [] }
    const address = it.address ?? session?.address
    if (session !== undefined)
      return standing.ask({ requestId }, { session, person, address, elsewhere: true, applicationId })
    const asked = { action: 'signIn', factors: factorsOfAmr(amr), address, deviceKnown: true, applicationId } as const
    return conditions.ask({ requestId }, person, { ...asked, goesOn: true })
  }
  return {
    /** The live session whose cookie the request carries. */
    ofRequest: async (request: FastifyRequest): Promise<Session | undefined> => {
      const token = cookies.read(request, 'session')
      return token === undefined ? undefined : (await sessions.find(token))?.session
    },
    /** What sign-in policies say of opening an application with the session of a request; without one, nothing yet. */
    mayOpen: async (request: FastifyRequest, applicationId: string): Promise<SignInAnswer> => {
      const token = cookies.read(request, 'session')
      const known = token === undefined ? undefined : await sessions.find(token)
      if (known === undefined) return { kind: 'permit' }
      const { person, session } = known
      const device = cookies.read(request, 'device')
      const deviceKnown =
        device !== undefined &&
        (await isKnownDevice(storage.db, hashToken(device), person.organizationId, person.id, clock.nowMs()))
      const { factors, provider } = session
      const asked = { action: 'signIn', factors, provider, address: request.ip, deviceKnown, applicationId } as const
      return conditions.ask({ requestId: request.id }, person, asked)
    },
    /**
     * What sign-in policies say of going on with a session, or with what came from it, here and now; undefined where there are none to
     * ask. From memory for a minute.
     */
    mayGoOn: (it: GoesOn): Promise<SignInAnswer> | undefined =>
      standing.isAsked(it.organizationId) ? goOn(it) : undefined,
    find: async (id: string): Promise<(Session & { readonly ownSecond: boolean }) | undefined> => {
      const session = await sessions.findById(id)
      return session && { ...session, ownSecond: isOwnSecond(session) }
    },
    /** Ends it, if it has not ended. */
    end: async (act: Act, id: string, reason = 'ended by an application'): Promise<void> => {
      const session = await sessions.findById(id)
      if (session === undefined) return
      await storage.transact((tx) => sessions.end(tx, act, session, reason))
      sessions.cache.forgetSession(session.id)
    },
  }
}
