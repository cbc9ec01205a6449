import type { FastifyRequest } from 'fastify'
import type { Act } from '#kernel'
import type { Services } from '../services.ts'
import { isKnownDevice } from '../sign-in/device.store.ts'
import { hashToken, isOwnSecond, type Session } from './session.ts'

/** Sessions for the rooms that stand on them: tokens, forward-auth. */
export function sessionSource({ sessions, cookies, storage, clock, conditions }: Services) {
  return {
    /** The live session whose cookie the request carries. */
    ofRequest: async (request: FastifyRequest): Promise<Session | undefined> => {
      const token = cookies.read(request, 'session')
      return token === undefined ? undefined : (await sessions.find(token))?.session
    },
    /** What sign-in policies say of opening an application with the session of a request; without one, nothing yet. */
    mayOpen: async (
      request: FastifyRequest,
      applicationId: string,
    ): Promise<{ kind: 'permit' | 'require' | 'deny' }> => {
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
