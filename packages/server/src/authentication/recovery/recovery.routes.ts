import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault, isFault, Secret } from '#kernel'
import { requireOwnForm } from '../http/own-form.ts'
import { anonymousAct } from '../http/visitor.ts'
import { fill, type Says } from '../languages/say.ts'
import { sayFault } from '../languages/say-fault.ts'
import { linkPage, newPasswordPage } from '../pages/enrol.pages.ts'
import { forgottenPage, letterSentPage, recoveredPage } from '../pages/recovery.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import { signInPage } from '../pages/sign-in.pages.ts'
import type { Services } from '../services.ts'
import { type Attempt, findAttempt } from '../sign-in/attempt.store.ts'
import { tooLate } from '../sign-in/step-pages.ts'
import { askForRecovery, finishRecovery, openRecovery } from './recover-by-mail.ts'

/** A forgotten password: a letter with a link, the link, a new password. */
export function addRecoveryRoutes(app: FastifyInstance, services: Services): void {
  const { cookies, storage, clock, web } = services
  const at = async (request: FastifyRequest, reply: FastifyReply, stage: Attempt['stage']) => {
    const flow = cookies.flow(request, reply)
    const attempt = await findAttempt(storage.db, flow.keyHash, clock.nowMs())
    const here = attempt?.stage === stage && attempt.login !== ''
    return { flow, attempt: here ? attempt : undefined }
  }
  const posted = async (request: FastifyRequest, reply: FastifyReply, stage: Attempt['stage']) => {
    const form = requireOwnForm(request, cookies.read(request, 'flow'), web.url)
    const { flow, attempt } = await at(request, reply, stage)
    if (attempt === undefined || attempt.id !== form.attempt) throw new Fault('authentication.form_stale')
    return { form, flow, attempt }
  }
  const startAgain = (request: FastifyRequest, reply: FastifyReply, status = 200) =>
    sendPage(reply, signInPage({ form: { csrf: cookies.flow(request, reply).csrf }, hint: tooLate }), status)

  app.get('/forgotten', async (request, reply) => {
    const { flow, attempt } = await at(request, reply, 'password')
    if (attempt === undefined || !services.outbox.sends) return startAgain(request, reply)
    return sendPage(reply, forgottenPage({ form: { csrf: flow.csrf, attempt: attempt.id }, login: attempt.login }))
  })
  app.post('/forgotten', async (request, reply) => {
    try {
      const { flow, attempt } = await posted(request, reply, 'password')
      try {
        await askForRecovery(services, anonymousAct(request), attempt)
      } catch (error) {
        if (!isFault(error, 'authentication.throttled')) throw error
        reply.header('retry-after', String(error.retryAfterSeconds))
        const form = { csrf: flow.csrf, attempt: attempt.id }
        const seconds = error.retryAfterSeconds ?? 1
        const wrong: Says = (t) => fill(t.recovery.tooOften, { seconds })
        return sendPage(reply, forgottenPage({ form, login: attempt.login, wrong }), error.status)
      }
      return sendPage(reply, letterSentPage({ login: attempt.login }))
    } catch (error) {
      if (!isFault(error, 'authentication.form_stale')) throw error
      return startAgain(request, reply, error.status)
    }
  })

  const invalid: Says = (t) => t.recovery.invalid
  app.get('/recovery', async (request, reply) => {
    const flow = cookies.flow(request, reply)
    return sendPage(reply, linkPage({ kind: 'recovery', form: { csrf: flow.csrf } }))
  })
  app.post('/recovery', async (request, reply) => {
    const form = requireOwnForm(request, cookies.read(request, 'flow'), web.url)
    const flow = cookies.newFlow(reply)
    try {
      await openRecovery(services, flow.keyHash, (form.token ?? '').trim())
      return reply.redirect('/recovery/password', 303)
    } catch (error) {
      if (!isFault(error, 'authentication.link_invalid')) throw error
      return sendPage(reply, linkPage({ kind: 'recovery', form: { csrf: flow.csrf }, wrong: invalid }), error.status)
    }
  })

  const ask = (reply: FastifyReply, csrf: string, attempt: Attempt, wrong?: Says) =>
    sendPage(
      reply,
      newPasswordPage({
        form: { csrf, attempt: attempt.id },
        action: '/recovery/password',
        login: attempt.login,
        back: '/sign-in?restart=1',
        wrong,
      }),
      wrong === undefined ? 200 : 422,
    )
  app.get('/recovery/password', async (request, reply) => {
    const { flow, attempt } = await at(request, reply, 'recover')
    return attempt === undefined ? startAgain(request, reply) : ask(reply, flow.csrf, attempt)
  })
  app.post('/recovery/password', async (request, reply) => {
    try {
      const { form, flow, attempt } = await posted(request, reply, 'recover')
      if (form.password !== form.again) return ask(reply, flow.csrf, attempt, (t) => t.common.notTheSame)
      try {
        await finishRecovery(services, anonymousAct(request), attempt, new Secret(form.password ?? ''))
      } catch (error) {
        if (!isFault(error, 'authentication.password_weak')) throw error
        return ask(reply, flow.csrf, attempt, sayFault(error))
      }
      cookies.clear(reply, 'session')
      return sendPage(reply, recoveredPage())
    } catch (error) {
      if (!isFault(error) || !['authentication.form_stale', 'authentication.link_invalid'].includes(error.code))
        throw error
      return startAgain(request, reply, error.status)
    }
  })
}
