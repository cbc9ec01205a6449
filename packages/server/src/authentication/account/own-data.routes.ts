import type { FastifyInstance, FastifyReply } from 'fastify'
import { isFault } from '#kernel'
import { csrfOf } from '../http/cookies.ts'
import { requireOwnForm } from '../http/own-form.ts'
import { type Resident, requireResident } from '../http/visitor.ts'
import type { Says } from '../languages/say.ts'
import { accountClosedPage, closeAccountPage } from '../pages/own-data.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import type { Services } from '../services.ts'
import { closeAccount, mayClose } from './close-account.ts'
import { exportOwnData } from './own-data.ts'

/** All that is kept about me, and the end of my account. Both ask for a fresh sign-in. */
export function addOwnDataRoutes(app: FastifyInstance, services: Services): void {
  const { web, cookies } = services
  app.get('/account/data.json', async (request, reply) => {
    const { person, act } = await requireResident(services, request, { fresh: true, returnTo: '/account/data.json' })
    return reply
      .headers({
        'cache-control': 'no-store',
        'content-disposition': 'attachment; filename="my-data.json"',
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
      })
      .type('application/json; charset=utf-8')
      .send(`${JSON.stringify(await exportOwnData(services, act, person), undefined, 2)}\n`)
  })

  const at = '/account/close'
  const ask = (reply: FastifyReply, { person, token }: Resident, wrong?: Says, status = 200) => {
    const { organization, username } = person
    const page = closeAccountPage({ form: { csrf: csrfOf(token) }, organization, username, wrong })
    return sendPage(reply, page, status)
  }
  app.get(at, async (request, reply) => {
    const resident = await requireResident(services, request, { fresh: true, returnTo: at })
    return mayClose(resident.person) ? ask(reply, resident) : reply.redirect('/account', 303)
  })
  app.post(at, async (request, reply) => {
    const resident = await requireResident(services, request, { fresh: true, returnTo: at })
    const form = requireOwnForm(request, resident.token, web.url)
    if (form.username?.trim().toLowerCase() !== resident.person.username)
      return ask(reply, resident, (t) => t.data.closeTypeWrong, 422)
    try {
      await closeAccount(services, resident)
    } catch (error) {
      if (!isFault(error, 'authorization.last_owner')) throw error
      return ask(reply, resident, (t) => t.data.lastAdministrator, error.status)
    }
    cookies.clear(reply, 'session')
    cookies.clear(reply, 'device')
    return sendPage(reply, accountClosedPage({ organization: resident.person.organization }))
  })
}
