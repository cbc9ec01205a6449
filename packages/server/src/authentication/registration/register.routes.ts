import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isFault } from '#kernel'
import { wrongValues } from '../enrol/wrong-values.ts'
import { requireOwnForm } from '../http/own-form.ts'
import { anonymousAct } from '../http/visitor.ts'
import { lookOf } from '../languages/look.ts'
import { fill, type Says } from '../languages/say.ts'
import { linkPage } from '../pages/enrol.pages.ts'
import {
  registerClosedPage,
  registerDetailsPage,
  registerPage,
  registerSentPage,
  registerWaitingPage,
} from '../pages/register.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import type { Services } from '../services.ts'
import { askForAccount, isOpen, register, requireConfirmed } from './register.ts'

/** Making an account oneself: the address, its letter, the name. */
export function addRegisterRoutes(app: FastifyInstance, services: Services): void {
  const { cookies, people, storage, web, enrolment } = services
  const opened = async (named: unknown) => {
    const organization =
      typeof named === 'string' && named !== ''
        ? await people.findOrganization(storage.db, named.slice(0, 64))
        : await people.findOnlyOrganization(storage.db)
    return organization !== undefined && isOpen(services, organization) ? organization : undefined
  }
  const posted = (request: FastifyRequest) => requireOwnForm(request, cookies.read(request, 'flow'), web.url)

  app.get('/register', async (request, reply) => {
    const organization = await opened((request.query as { organization?: unknown }).organization)
    if (organization === undefined) return sendPage(reply, registerClosedPage(), 404)
    return sendPage(reply, registerPage({ form: { csrf: cookies.flow(request, reply).csrf }, organization }))
  })
  app.post('/register', async (request, reply) => {
    const form = posted(request)
    const organization = await opened(form.organization)
    if (organization === undefined) return sendPage(reply, registerClosedPage(), 404)
    const email = (form.email ?? '').trim()
    try {
      await askForAccount(services, anonymousAct(request), organization, email, lookOf(request).language)
      return sendPage(reply, registerSentPage({ organization, email }))
    } catch (error) {
      if (!isFault(error) || !['directory.invalid', 'authentication.throttled'].includes(error.code)) throw error
      const seconds = error.retryAfterSeconds
      if (seconds !== undefined) reply.header('retry-after', String(seconds))
      const wrong: Says = (t) =>
        seconds === undefined ? t.register.emailWrong : fill(t.recovery.tooOften, { seconds })
      const state = { csrf: cookies.flow(request, reply).csrf }
      return sendPage(reply, registerPage({ form: state, organization, email, wrong }), error.status)
    }
  })

  const link = (reply: FastifyReply, csrf: string, wrong?: Says, status = 200) =>
    sendPage(reply, linkPage({ kind: 'register', action: '/register/confirm', form: { csrf }, wrong }), status)
  app.get('/register/confirm', async (request, reply) => link(reply, cookies.flow(request, reply).csrf))
  app.post('/register/confirm', async (request, reply) => {
    const token = (posted(request).token ?? '').trim()
    const { csrf } = cookies.flow(request, reply)
    try {
      const { proof, organization } = await requireConfirmed(services, token)
      const { email } = proof
      const values = { name: '', username: email.slice(0, email.indexOf('@')).toLowerCase() }
      return sendPage(reply, registerDetailsPage({ form: { csrf }, organization, token, email, values }))
    } catch (error) {
      if (!isFault(error, 'authentication.link_invalid')) throw error
      return link(reply, csrf, (t) => t.register.invalid, error.status)
    }
  })
  app.post('/register/details', async (request, reply) => {
    const form = posted(request)
    const token = (form.token ?? '').trim()
    const values = { name: (form.name ?? '').trim(), username: (form.username ?? '').trim() }
    try {
      const done = await register(services, anonymousAct(request), token, values, lookOf(request).language)
      if (done.enrolToken === undefined) return sendPage(reply, registerWaitingPage(done))
      await enrolment.open(cookies.newFlow(reply).keyHash, done.enrolToken, 'invitation')
      return reply.redirect('/enrol', 303)
    } catch (error) {
      const { csrf } = cookies.flow(request, reply)
      if (isFault(error, 'authentication.link_invalid'))
        return link(reply, csrf, (t) => t.register.invalid, error.status)
      const wrong = isFault(error) ? wrongValues(error) : undefined
      if (wrong === undefined) throw error
      const { proof, organization } = await requireConfirmed(services, token)
      const page = registerDetailsPage({ form: { csrf }, organization, token, email: proof.email, values, wrong })
      return sendPage(reply, page, 422)
    }
  })
}
