import type { FastifyInstance } from 'fastify'
import { csrfOf } from '../http/cookies.ts'
import { requireOwnForm } from '../http/own-form.ts'
import { anonymousAct, readVisitor } from '../http/visitor.ts'
import { signedOutPage, signOutPage } from '../pages/outcome.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import type { Services } from '../services.ts'
import { actOfPerson } from './sessions.ts'

/** Signing out: a page that asks, since a link alone must not do it, and the form that does. */
export function addSignOutRoutes(app: FastifyInstance, services: Services): void {
  const { storage, sessions, cookies, web } = services
  app.get('/sign-out', async (request, reply) => {
    const { current } = await readVisitor(services, request)
    if (current === undefined) return sendPage(reply, signedOutPage())
    return sendPage(
      reply,
      signOutPage({ action: '/sign-out', fields: { csrf: csrfOf(current.token) }, person: current.person.name }),
    )
  })
  app.post('/sign-out', async (request, reply) => {
    const { current } = await readVisitor(services, request)
    if (current !== undefined) {
      requireOwnForm(request, current.token, web.url)
      const { session, person } = current
      const act = actOfPerson(anonymousAct(request), person, session.id)
      await storage.transact((tx) => sessions.end(tx, act, session, 'signed out'))
      sessions.cache.forgetSession(session.id)
    }
    cookies.clear(reply, 'session')
    return sendPage(reply, signedOutPage())
  })
}
