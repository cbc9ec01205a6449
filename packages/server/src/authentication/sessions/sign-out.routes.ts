import type { FastifyInstance } from 'fastify'
import { csrfOf } from '../http/cookies.ts'
import { requireOwnForm } from '../http/own-form.ts'
import { anonymousAct, readVisitor } from '../http/visitor.ts'
import { at, doorOf } from '../pages/door-of.ts'
import { signedOutPage, signOutPage } from '../pages/outcome.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import type { Services } from '../services.ts'
import { actOfPerson } from './sessions.ts'

/** Signing out: a page that asks, since a link alone must not do it, and the form that does. */
export function addSignOutRoutes(app: FastifyInstance, services: Services): void {
  const { storage, sessions, cookies, web } = services
  app.get('/sign-out', async (request, reply) => {
    const { current } = await readVisitor(services, request)
    if (current === undefined) return sendPage(reply, at(await doorOf(services, request), signedOutPage()))
    const { person, token } = current
    const page = signOutPage({ action: '/sign-out', fields: { csrf: csrfOf(token) }, person: person.name })
    return sendPage(reply, at(person.organization, page))
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
    const door = current?.person.organization ?? (await doorOf(services, request))
    return sendPage(reply, at(door, signedOutPage()))
  })
}
