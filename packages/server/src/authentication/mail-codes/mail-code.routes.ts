import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault, isFault } from '#kernel'
import { requireOwnForm } from '../http/own-form.ts'
import { anonymousAct, readVisitor } from '../http/visitor.ts'
import { fill, type Says } from '../languages/say.ts'
import { sayFault } from '../languages/say-fault.ts'
import { mailCodePage, mailLinkPage } from '../pages/mail-code.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import { signInPage } from '../pages/sign-in.pages.ts'
import type { Services } from '../services.ts'
import { type Attempt, findAttempt } from '../sign-in/attempt.store.ts'
import { goOn } from '../sign-in/step.routes.ts'
import { tooLate } from '../sign-in/step-pages.ts'
import { askForMailCode, proveMailCode } from './mail-code.ts'

const stages: readonly Attempt['stage'][] = ['password', 'factor']

/** A code by e-mail: asked for, typed in, or brought by the link of the letter, which a program that looks at links cannot use up. */
export function addMailCodeRoutes(app: FastifyInstance, services: Services): void {
  const { cookies, storage, clock, web, outbox } = services
  const at = async (request: FastifyRequest, reply: FastifyReply) => {
    const flow = cookies.flow(request, reply)
    const attempt = await findAttempt(storage.db, flow.keyHash, clock.nowMs())
    const here = attempt !== undefined && stages.includes(attempt.stage) && attempt.login !== '' && outbox.sends
    return { flow, attempt: here ? attempt : undefined }
  }
  const posted = async (request: FastifyRequest, reply: FastifyReply) => {
    const form = requireOwnForm(request, cookies.read(request, 'flow'), web.url)
    const { flow, attempt } = await at(request, reply)
    if (attempt === undefined || attempt.id !== form.attempt) throw new Fault('authentication.form_stale')
    return { form, flow, attempt }
  }
  const startAgain = (request: FastifyRequest, reply: FastifyReply, status = 200) =>
    sendPage(reply, signInPage({ form: { csrf: cookies.flow(request, reply).csrf }, hint: tooLate }), status)
  const show = (reply: FastifyReply, csrf: string, attempt: Attempt, status = 200, wrong?: Says) => {
    const form = { csrf, attempt: attempt.id, returnTo: attempt.returnTo }
    const back = attempt.stage === 'factor' ? '/sign-in/factor' : '/sign-in/password'
    return sendPage(reply, mailCodePage({ form, login: attempt.login, back, wrong }), status)
  }

  app.get('/sign-in/email', async (request, reply) => {
    const { flow, attempt } = await at(request, reply)
    return attempt === undefined ? startAgain(request, reply) : show(reply, flow.csrf, attempt)
  })
  app.post('/sign-in/email/send', async (request, reply) => {
    try {
      const { flow, attempt } = await posted(request, reply)
      try {
        await askForMailCode(services, anonymousAct(request), flow, attempt)
      } catch (error) {
        if (!isFault(error, 'authentication.throttled')) throw error
        const seconds = error.retryAfterSeconds as number
        reply.header('retry-after', String(seconds))
        return show(reply, flow.csrf, attempt, error.status, (t) => fill(t.mailCode.tooOften, { seconds }))
      }
      return reply.redirect('/sign-in/email', 303)
    } catch (error) {
      if (!isFault(error, 'authentication.form_stale')) throw error
      return startAgain(request, reply, error.status)
    }
  })
  app.post('/sign-in/email', async (request, reply) => {
    const visitor = await readVisitor(services, request)
    try {
      const { form, flow, attempt } = await posted(request, reply)
      try {
        const answer = { kind: 'code', text: form.code ?? '' } as const
        return await goOn(
          services,
          reply,
          await proveMailCode(services, anonymousAct(request), visitor, flow, attempt, answer),
        )
      } catch (error) {
        if (!isFault(error, 'authentication.rejected') && !isFault(error, 'authentication.throttled')) throw error
        if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds))
        return show(reply, flow.csrf, attempt, error.status, sayFault(error))
      }
    } catch (error) {
      if (!isFault(error, 'authentication.form_stale')) throw error
      return startAgain(request, reply, error.status)
    }
  })

  // INVARIANT: opening the address does nothing: the token is in the fragment, and only the browser that asked can use it.
  app.get('/sign-in/link', async (request, reply) =>
    sendPage(reply, mailLinkPage({ form: { csrf: cookies.flow(request, reply).csrf } })),
  )
  app.post('/sign-in/link', async (request, reply) => {
    const form = requireOwnForm(request, cookies.read(request, 'flow'), web.url)
    const visitor = await readVisitor(services, request)
    const { flow, attempt } = await at(request, reply)
    const elsewhere = (status: number) =>
      sendPage(reply, mailLinkPage({ form: { csrf: flow.csrf }, wrong: (t) => t.mailCode.elsewhere }), status)
    if (attempt === undefined) return elsewhere(409)
    try {
      const answer = { kind: 'token', text: form.token ?? '' } as const
      return await goOn(
        services,
        reply,
        await proveMailCode(services, anonymousAct(request), visitor, flow, attempt, answer),
      )
    } catch (error) {
      if (isFault(error, 'authentication.form_stale')) return startAgain(request, reply, error.status)
      if (!isFault(error, 'authentication.rejected') && !isFault(error, 'authentication.throttled')) throw error
      return show(reply, flow.csrf, attempt, error.status, sayFault(error))
    }
  })
}
