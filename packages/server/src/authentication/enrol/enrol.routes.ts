import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault, isFault, Secret } from '#kernel'
import { requireOwnForm } from '../http/own-form.ts'
import { admit, anonymousAct, readVisitor, sendOnward } from '../http/visitor.ts'
import { describeAgent, type Says } from '../languages/say.ts'
import { sayFault } from '../languages/say-fault.ts'
import {
  choicePage,
  linkPage,
  newPasswordPage,
  type ProfileValues,
  profilePage,
  recoveryCodesPage,
  totpPage,
} from '../pages/enrol.pages.ts'
import { sendPage } from '../pages/send-page.ts'
import { isPasskeyFault } from '../passkeys/attestation.ts'
import type { Services } from '../services.ts'
import { findAttempt } from '../sign-in/attempt.store.ts'
import { showTotp } from '../totp/totp.ts'
import type { Enrolled, EnrolmentState } from './enrolment.ts'
import { wrongValues } from './wrong-values.ts'

/** The pages of one-time links and of enrolment. */
export function addEnrolRoutes(app: FastifyInstance, services: Services): void {
  const { cookies, clock, storage, enrolment, web } = services

  const attemptOf = async (request: FastifyRequest, reply: FastifyReply) => {
    const flow = cookies.flow(request, reply)
    return { flow, attempt: await findAttempt(storage.db, flow.keyHash, clock.nowMs()) }
  }
  const postedTo = async (request: FastifyRequest, reply: FastifyReply) => {
    const form = requireOwnForm(request, cookies.read(request, 'flow'), web.url)
    const { flow, attempt } = await attemptOf(request, reply)
    if (attempt === undefined || attempt.id !== form.attempt) throw new Fault('authentication.form_stale')
    return { form, flow, attempt }
  }
  const finish = async (reply: FastifyReply, state: EnrolmentState, done: Enrolled) => {
    admit(services, reply, done)
    if (done.recoveryCodes.length === 0) return sendOnward(services, reply, done)
    const organization = state.person?.organization
    return sendPage(reply, recoveryCodesPage({ codes: done.recoveryCodes, next: done.returnTo, organization }))
  }

  for (const kind of ['setup', 'invitation', 'reset'] as const) {
    app.get(`/${kind}`, async (request, reply) => {
      const flow = cookies.flow(request, reply)
      return sendPage(reply, linkPage({ kind, form: { csrf: flow.csrf } }))
    })
    app.post(`/${kind}`, async (request, reply) => {
      const form = requireOwnForm(request, cookies.read(request, 'flow'), web.url)
      const flow = cookies.newFlow(reply)
      try {
        const attempt = await enrolment.open(flow.keyHash, (form.token ?? '').trim(), kind)
        return reply.redirect(attempt.stage === 'profile' ? '/enrol/profile' : '/enrol', 303)
      } catch (error) {
        if (!isFault(error, 'authentication.link_invalid')) throw error
        const wrong: Says = (t) => `${t.links.used} ${kind === 'setup' ? t.links.restart : t.links.askAdministrator}`
        return sendPage(reply, linkPage({ kind, form: { csrf: flow.csrf }, wrong }), error.status)
      }
    })
  }

  app.get('/enrol/profile', async (request, reply) => {
    const { flow, attempt } = await attemptOf(request, reply)
    if (attempt?.stage === 'enrol') return reply.redirect('/enrol', 303)
    if (attempt?.stage !== 'profile') throw new Fault('authentication.form_stale')
    return sendPage(reply, profilePage({ form: { csrf: flow.csrf, attempt: attempt.id } }))
  })
  app.post('/enrol/profile', async (request, reply) => {
    const { form, flow, attempt } = await postedTo(request, reply)
    if (attempt.stage !== 'profile') return reply.redirect('/enrol', 303)
    const values: ProfileValues = {
      name: form.name?.trim() ?? '',
      username: form.username?.trim() ?? '',
      email: form.email?.trim() ?? '',
    }
    try {
      const email = values.email === '' ? undefined : values.email
      await enrolment.profile(anonymousAct(request), attempt, { ...values, email })
      return reply.redirect('/enrol', 303)
    } catch (error) {
      const wrong = isFault(error) ? wrongValues(error) : undefined
      if (wrong === undefined) throw error
      return sendPage(reply, profilePage({ form: { csrf: flow.csrf, attempt: attempt.id }, values, wrong }), 422)
    }
  })

  const choose = async (reply: FastifyReply, csrf: string, state: EnrolmentState, wrong?: Says) => {
    const options = await enrolment.passkeyOptions(state)
    const page = choicePage({
      form: { csrf, attempt: state.attempt.id },
      login: state.login,
      organization: state.person?.organization,
      passkeyOptions: JSON.stringify(options),
      otherwise: state.hasPassword ? 'totp' : 'password',
      second: state.second,
      why: reasonOf(state),
      step: state.attempt.purpose === 'setup' ? 2 : undefined,
      wrong,
    })
    return sendPage(reply, page, wrong === undefined ? 200 : 422)
  }
  app.get('/enrol', async (request, reply) => {
    const { flow, attempt } = await attemptOf(request, reply)
    if (attempt?.stage === 'profile') return reply.redirect('/enrol/profile', 303)
    return choose(reply, flow.csrf, await enrolment.state(attempt))
  })
  app.post('/enrol/passkey', async (request, reply) => {
    const { form, flow, attempt } = await postedTo(request, reply)
    const state = await enrolment.state(attempt)
    const visitor = await readVisitor(services, request)
    const name = describeAgent(request.headers['user-agent'])
    try {
      const act = anonymousAct(request)
      return finish(reply, state, await enrolment.passkey(act, visitor, state, form.credential ?? '', name))
    } catch (error) {
      if (!isFault(error) || !isPasskeyFault(error)) throw error
      return choose(reply, flow.csrf, state, sayFault(error))
    }
  })

  const askPassword = (reply: FastifyReply, csrf: string, state: EnrolmentState, wrong?: Says) =>
    sendPage(
      reply,
      newPasswordPage({
        form: { csrf, attempt: state.attempt.id },
        action: '/enrol/password',
        login: state.login,
        back: '/enrol',
        organization: state.person?.organization,
        wrong,
      }),
      wrong === undefined ? 200 : 422,
    )
  app.get('/enrol/password', async (request, reply) => {
    const { flow, attempt } = await attemptOf(request, reply)
    const state = await enrolment.state(attempt)
    return state.hasPassword ? reply.redirect('/enrol', 303) : askPassword(reply, flow.csrf, state)
  })
  app.post('/enrol/password', async (request, reply) => {
    const { form, flow, attempt } = await postedTo(request, reply)
    const state = await enrolment.state(attempt)
    if (state.hasPassword) return reply.redirect('/enrol', 303)
    if (form.password !== form.again) return askPassword(reply, flow.csrf, state, (t) => t.common.notTheSame)
    const visitor = await readVisitor(services, request)
    try {
      const act = anonymousAct(request)
      const done = await enrolment.password(act, visitor, state, new Secret(form.password ?? ''))
      return done.kind === 'totp' ? reply.redirect('/enrol/totp', 303) : finish(reply, state, done)
    } catch (error) {
      if (!isFault(error, 'authentication.password_weak')) throw error
      return askPassword(reply, flow.csrf, state, sayFault(error))
    }
  })

  const askCode = async (reply: FastifyReply, csrf: string, state: EnrolmentState, wrong?: Says) => {
    const { text, qr } = await showTotp(await enrolment.totpSecret(state), state.login)
    const page = totpPage({
      form: { csrf, attempt: state.attempt.id },
      action: '/enrol/totp',
      back: '/enrol',
      organization: state.person?.organization,
      qr,
      secret: text,
      wrong,
    })
    return sendPage(reply, page, wrong === undefined ? 200 : 422)
  }
  app.get('/enrol/totp', async (request, reply) => {
    const { flow, attempt } = await attemptOf(request, reply)
    const state = await enrolment.state(attempt)
    if (state.pending.phc === undefined && !state.hasPassword) return reply.redirect('/enrol/password', 303)
    return askCode(reply, flow.csrf, state)
  })
  app.post('/enrol/totp', async (request, reply) => {
    const { form, flow, attempt } = await postedTo(request, reply)
    const state = await enrolment.state(attempt)
    const visitor = await readVisitor(services, request)
    try {
      return finish(reply, state, await enrolment.totp(anonymousAct(request), visitor, state, form.code ?? ''))
    } catch (error) {
      if (!isFault(error, 'authentication.code_rejected')) throw error
      return askCode(reply, flow.csrf, state, sayFault(error))
    }
  })
}

function reasonOf({ attempt, second }: EnrolmentState): Says {
  if (attempt.purpose === 'setup') return (t) => t.enrol.whyOwner
  if (attempt.purpose === 'sign_in') return (t) => t.enrol.whySecond
  return (t) => (second ? t.enrol.whyMore : t.enrol.whyPasskey)
}
