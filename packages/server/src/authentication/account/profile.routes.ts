import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Fault, isFault } from '#kernel'
import { csrfOf } from '../http/cookies.ts'
import { requireOwnForm } from '../http/own-form.ts'
import { type Resident, requireResident } from '../http/visitor.ts'
import { fill, type Says } from '../languages/say.ts'
import { linkPage } from '../pages/enrol.pages.ts'
import { addressSentPage, ownProfilePage } from '../pages/profile.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import type { Services } from '../services.ts'
import { listProofsOf } from './address-proof.store.ts'
import { askForAddress, changeName, confirmAddress, profileRules } from './change-profile.ts'

/** My name and my address. */
export function addProfileRoutes(app: FastifyInstance, services: Services): void {
  const { storage, clock, web } = services
  const at = '/account/profile'
  const show = async (
    reply: FastifyReply,
    { person, token }: Resident,
    wrong: { name?: Says | undefined; email?: Says | undefined } = {},
    status = 200,
  ) => {
    const waiting = await listProofsOf(storage.db, person.organizationId, person.id, clock.nowMs())
    const page = ownProfilePage({
      form: { csrf: csrfOf(token) },
      organization: person.organization,
      person,
      may: profileRules(services, person),
      waiting: waiting.map(({ email }) => email),
      wrong,
    })
    return sendPage(reply, page, status)
  }
  const posted = async (request: FastifyRequest, fresh: boolean, returnTo = at) => {
    const resident = await requireResident(services, request, { fresh, returnTo })
    return { resident, form: requireOwnForm(request, resident.token, web.url) }
  }

  app.get(at, async (request, reply) => show(reply, await requireResident(services, request, { returnTo: at })))
  app.post(`${at}/name`, async (request, reply) => {
    const { resident, form } = await posted(request, false)
    try {
      await changeName(services, resident, (form.name ?? '').trim())
      return reply.redirect('/account?done=profile', 303)
    } catch (error) {
      if (!isFault(error, 'directory.invalid')) throw error
      return show(reply, resident, { name: (t) => t.enrol.nameWrong }, error.status)
    }
  })
  app.post(`${at}/email`, async (request, reply) => {
    const { resident, form } = await posted(request, true)
    const email = (form.email ?? '').trim()
    try {
      await askForAddress(services, resident, email)
      return sendPage(reply, addressSentPage({ email, organization: resident.person.organization }))
    } catch (error) {
      if (!isFault(error) || !['directory.invalid', 'authentication.throttled'].includes(error.code)) throw error
      return show(reply, resident, { email: sayAddress(error) }, error.status)
    }
  })

  app.get('/account/email', async (request, reply) => {
    const { token } = await requireResident(services, request, { returnTo: '/account/email' })
    return sendPage(reply, linkPage({ kind: 'email', action: '/account/email', form: { csrf: csrfOf(token) } }))
  })
  app.post('/account/email', async (request, reply) => {
    const { resident, form } = await posted(request, false, '/account/email')
    try {
      await confirmAddress(services, resident, (form.token ?? '').trim())
      return reply.redirect('/account?done=email', 303)
    } catch (error) {
      if (!isFault(error, 'authentication.link_invalid') && !isFault(error, 'directory.name_taken')) throw error
      const wrong: Says = (t) => (error.code === 'directory.name_taken' ? t.profile.taken : t.profile.invalid)
      const csrf = csrfOf(resident.token)
      return sendPage(reply, linkPage({ kind: 'email', action: '/account/email', form: { csrf }, wrong }), error.status)
    }
  })
}

const sayAddress =
  (fault: Fault): Says =>
  (t) =>
    fault.code === 'authentication.throttled'
      ? fill(t.recovery.tooOften, { seconds: fault.retryAfterSeconds ?? 60 })
      : t.enrol.emailWrong
