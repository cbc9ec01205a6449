import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault, isFault, Secret } from '#kernel'
import { refuseCrossSite } from '#web'
import { readFactors } from '../factors/factors.ts'
import { type Flow, flowOf } from '../http/cookies.ts'
import { requireOwnForm } from '../http/own-form.ts'
import { parseReturnTo } from '../http/return-to.ts'
import { admit, anonymousAct, needsSecondFactor, readVisitor, sendOnward } from '../http/visitor.ts'
import type { Page } from '../pages/layout.ts'
import { sendPage } from '../pages/send-page.ts'
import { factorPage, organizationPage, passwordPage, recoveryPage, signInPage } from '../pages/sign-in.pages.ts'
import type { Services } from '../services.ts'
import { type Attempt, findAttempt } from './attempt.store.ts'
import { beginSignIn } from './begin.ts'
import { challengePasskey, provePasskey } from './by-passkey.ts'
import { provePassword, proveRecoveryCode, proveTotp } from './methods.ts'
import type { Outcome } from './proving.ts'

const tooLate = 'That page had waited too long, or was used already. Start again here.'

/** The pages of sign-in: name, password or passkey, second step. */
export function addSignInRoutes(app: FastifyInstance, services: Services): void {
  const { cookies, clock, storage, web } = services
  const ownOrigin = web.url

  const read = async (request: FastifyRequest, reply: FastifyReply) => {
    const flow = cookies.flow(request, reply)
    return { flow, attempt: await findAttempt(storage.db, flow.keyHash, clock.nowMs()) }
  }

  /** The attempt that a form belongs to. @throws {Fault} `authentication.form_forged`, `authentication.form_stale` */
  const readPosted = async (request: FastifyRequest, stage: Attempt['stage']) => {
    const token = cookies.read(request, 'flow')
    const form = requireOwnForm(request, token, ownOrigin)
    const flow = flowOf(token as string)
    const attempt = await findAttempt(storage.db, flow.keyHash, clock.nowMs())
    if (attempt === undefined || attempt.id !== form.attempt || attempt.stage !== stage)
      throw new Fault('authentication.form_stale')
    return { form, flow, attempt }
  }

  const next = async (request: FastifyRequest, reply: FastifyReply, outcome: Outcome) => {
    if (outcome.kind === 'factor') return reply.redirect('/sign-in/factor', 303)
    if (outcome.kind === 'enrol') return reply.redirect('/enrol', 303)
    request.log.debug({ session: outcome.session.id }, 'signed in')
    admit(services, reply, outcome)
    return sendOnward(reply, outcome.returnTo)
  }

  /** Runs a step; what people can mend shows their page again, what they cannot starts again with a sentence. */
  const step = async (
    request: FastifyRequest,
    reply: FastifyReply,
    stage: Attempt['stage'],
    again: (flow: Flow, attempt: Attempt, wrong: string) => Promise<Page>,
    prove: (form: Readonly<Record<string, string>>, attempt: Attempt) => Promise<Outcome>,
  ) => {
    let posted: Awaited<ReturnType<typeof readPosted>> | undefined
    try {
      posted = await readPosted(request, stage)
      return await next(request, reply, await prove(posted.form, posted.attempt))
    } catch (error) {
      if (!isFault(error)) throw error
      if (error.code === 'authentication.form_stale') {
        const flow = cookies.flow(request, reply)
        return sendPage(reply, signInPage({ form: { csrf: flow.csrf }, hint: tooLate }), error.status)
      }
      const shown = ['authentication.rejected', 'authentication.throttled', 'authentication.busy']
      if (posted === undefined || !shown.includes(error.code)) throw error
      if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds))
      const wait = error.code === 'authentication.throttled' ? ` Try again in ${error.retryAfterSeconds} s.` : ''
      const says = wait === '' ? `${error.says}.` : `Too many attempts.${wait} A passkey works at any time.`
      return sendPage(reply, await again(posted.flow, posted.attempt, says), error.status)
    }
  }

  const passwordAgain = async (flow: Flow, attempt: Attempt, wrong?: string) => {
    const organization =
      attempt.organizationId && (await services.people.findOrganization(storage.db, attempt.organizationId))
    return passwordPage({
      form: { csrf: flow.csrf, attempt: attempt.id },
      organization: organization ? organization.displayName : 'Gatehouse',
      login: attempt.login,
      wrong,
    })
  }
  const factorAgain = async (flow: Flow, attempt: Attempt, wrong?: string) => {
    const person = attempt.userId && (await services.people.find(storage.db, attempt.userId))
    if (!person) throw new Fault('authentication.form_stale')
    const factors = await readFactors(storage.db, person.organizationId, person.id)
    return factorPage({
      form: { csrf: flow.csrf, attempt: attempt.id },
      organization: person.organization.displayName,
      login: attempt.login,
      has: {
        totp: factors.totpEnrolledAtMs !== undefined,
        passkey: factors.passkeys.length > 0,
        recovery: factors.recoveryCodesLeft > 0,
      },
      wrong,
    })
  }
  const recoveryAgain = async (flow: Flow, attempt: Attempt, wrong?: string) =>
    recoveryPage({ form: { csrf: flow.csrf, attempt: attempt.id }, wrong })

  app.get('/sign-in', async (request, reply) => {
    const query = request.query as Record<string, unknown>
    const text = (name: string) => (typeof query[name] === 'string' ? query[name].slice(0, 254) : undefined)
    const returnTo = parseReturnTo(query.return_to, ownOrigin)
    const visitor = await readVisitor(services, request)
    const again = query.reauthenticate !== undefined || query.restart !== undefined
    if (visitor.current !== undefined && !again && !needsSecondFactor(services, visitor.current))
      return reply.redirect(returnTo, 303)
    const flow = cookies.flow(request, reply)
    const named = text('organization')
    const organization = named === undefined ? undefined : await services.people.findOrganization(storage.db, named)
    const person = visitor.current?.person
    return sendPage(
      reply,
      signInPage({
        form: { csrf: flow.csrf, returnTo },
        organization: organization ?? person?.organization,
        login: text('login_hint') ?? person?.username,
        hint: again && person !== undefined ? 'Please prove once more that it is you.' : undefined,
      }),
    )
  })

  app.post('/sign-in', async (request, reply) => {
    const form = requireOwnForm(request, cookies.read(request, 'flow'), ownOrigin)
    const flow = cookies.flow(request, reply)
    const login = (form.login ?? '').trim()
    const organization = form.organization?.trim() || undefined
    const returnTo = parseReturnTo(form.return_to, ownOrigin)
    const state = { csrf: flow.csrf, returnTo }
    if (login === '' || login.length > 254)
      return sendPage(reply, signInPage({ form: state, wrong: 'Enter your user name or e-mail address.' }), 422)
    const begun = await beginSignIn(services, { keyHash: flow.keyHash, login, organization, returnTo })
    if (begun.kind === 'begun') return reply.redirect('/sign-in/password', 303)
    const wrong =
      begun.kind === 'organization_unknown'
        ? 'There is no organization of that name. Check the spelling in your invitation.'
        : undefined
    const page = organizationPage({ form: state, login, value: organization, wrong })
    return sendPage(reply, page, wrong === undefined ? 200 : 422)
  })

  const show = (url: string, stage: Attempt['stage'], page: (flow: Flow, attempt: Attempt) => Promise<Page>) =>
    app.get(url, async (request, reply) => {
      const { flow, attempt } = await read(request, reply)
      if (attempt?.stage === stage && attempt.login !== '') return sendPage(reply, await page(flow, attempt))
      if (attempt?.stage === 'factor') return reply.redirect('/sign-in/factor', 303)
      if (attempt?.stage === 'enrol') return reply.redirect('/enrol', 303)
      return sendPage(reply, signInPage({ form: { csrf: flow.csrf }, hint: tooLate }))
    })
  show('/sign-in/password', 'password', (flow, attempt) => passwordAgain(flow, attempt))
  show('/sign-in/factor', 'factor', (flow, attempt) => factorAgain(flow, attempt))
  show('/sign-in/recovery', 'factor', (flow, attempt) => recoveryAgain(flow, attempt))

  app.post('/sign-in/password', async (request, reply) => {
    const visitor = await readVisitor(services, request)
    return step(request, reply, 'password', passwordAgain, (form, attempt) =>
      provePassword(services, anonymousAct(request), visitor, attempt, new Secret(form.password ?? '')),
    )
  })
  app.post('/sign-in/factor', async (request, reply) => {
    const visitor = await readVisitor(services, request)
    return step(request, reply, 'factor', factorAgain, (form, attempt) =>
      proveTotp(services, anonymousAct(request), visitor, attempt, form.code ?? ''),
    )
  })
  app.post('/sign-in/recovery', async (request, reply) => {
    const visitor = await readVisitor(services, request)
    return step(request, reply, 'factor', recoveryAgain, (form, attempt) =>
      proveRecoveryCode(services, anonymousAct(request), visitor, attempt, form.code ?? ''),
    )
  })

  app.post('/sign-in/passkey/challenge', async (request, reply) => {
    refuseCrossSite(request, ownOrigin)
    requireOwnForm(request, cookies.read(request, 'flow'), ownOrigin)
    const { flow, attempt } = await read(request, reply)
    return reply
      .header('cache-control', 'no-store')
      .send(await challengePasskey(services, attempt, flow.keyHash, '/account'))
  })
  app.post('/sign-in/passkey', async (request, reply) => {
    const form = requireOwnForm(request, cookies.read(request, 'flow'), ownOrigin)
    const { flow, attempt } = await read(request, reply)
    const visitor = await readVisitor(services, request)
    const restart = (hint: { hint?: string; wrong?: string }, status: number) =>
      sendPage(reply, signInPage({ form: { csrf: flow.csrf, returnTo: form.return_to }, ...hint }), status)
    if (attempt === undefined || (form.attempt !== undefined && form.attempt !== attempt.id))
      return restart({ hint: tooLate }, 409)
    const returnTo = form.attempt === undefined ? parseReturnTo(form.return_to, ownOrigin) : attempt.returnTo
    try {
      const asked = { ...attempt, returnTo }
      const outcome = await provePasskey(services, anonymousAct(request), visitor, asked, form.credential ?? '')
      return await next(request, reply, outcome)
    } catch (error) {
      if (isFault(error, 'authentication.form_stale')) return restart({ hint: tooLate }, 409)
      if (!isFault(error, 'authentication.rejected') && !isFault(error, 'authentication.passkey_rejected')) throw error
      const says = 'That passkey did not work here. Try another, or another way.'
      if (attempt.stage === 'factor') return sendPage(reply, await factorAgain(flow, attempt, says), 401)
      return restart({ wrong: says }, 401)
    }
  })
}
