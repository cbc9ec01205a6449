import type { FastifyRequest } from 'fastify'
import type { Act } from '#kernel'
import type { Services } from '../services.ts'
import type { Session } from './session.ts'

/** Sessions for the rooms that stand on them: tokens, forward-auth. */
export function sessionSource({ sessions, cookies, storage }: Services) {
  return {
    /** The live session whose cookie the request carries. */
    ofRequest: async (request: FastifyRequest): Promise<Session | undefined> => {
      const token = cookies.read(request, 'session')
      return token === undefined ? undefined : (await sessions.find(token))?.session
    },
    find: (id: string): Promise<Session | undefined> => sessions.findById(id),
    /** Ends it, if it has not ended. */
    end: async (act: Act, id: string): Promise<void> => {
      const session = await sessions.findById(id)
      if (session === undefined) return
      await storage.transact((tx) => sessions.end(tx, act, session, 'ended by an application'))
      sessions.cache.forgetSession(session.id)
    },
  }
}
