import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Act, Fault, isFault, Secret } from '#kernel'
import { type Flow, flowOf } from '../http/cookies.ts'
import { type Form, requireOwnForm } from '../http/own-form.ts'
import { admit, anonymousAct, readVisitor, sendOnward } from '../http/visitor.ts'
import { fill, type Says } from '../languages/say.ts'
import { sayFault } from '../languages/say-fault.ts'
import { sendPage } from '../pages/send-page.ts'
import { signInPage } from '../pages/sign-in.pages.ts'
import type { Services } from '../services.ts'
import { type Attempt, findAttempt } from './attempt.store.ts'
import { provePassword, proveRecoveryCode, proveTotp } from './methods.ts'
import type { Outcome, Visitor } from './proving.ts'
import { type StepPage, showFactor, showPassword, showRecovery, tooLate } from './step-pages.ts'

/** One step of a sign-in: its page, the stage it belongs to, and what its form proves. */
interface Step {
  readonly url: string
  readonly stage: Attempt['stage']
  readonly show: StepPage
  readonly prove: (services: Services, act: Act, visitor: Visitor, attempt: Attempt, form: Form) => Promise<Outcome>
}

const steps: readonly Step[] = [
  {
    url: '/sign-in/password',
    stage: 'password',
    show: showPassword,
    prove: (services, act, visitor, attempt, form) =>
      provePassword(services, act, visitor, attempt, new Secret(form.password ?? '')),
  },
  {
    url: '/sign-in/factor',
    stage: 'factor',
    show: showFactor,
    prove: (services, act, visitor, attempt, form) => proveTotp(services, act, visitor, attempt, form.code ?? ''),
  },
  {
    url: '/sign-in/recovery',
    stage: 'factor',
    show: showRecovery,
    prove: (services, act, visitor, attempt, form) =>
      proveRecoveryCode(services, act, visitor, attempt, form.code ?? ''),
  },
]

/** The pages and forms of the steps after the name. */
export function addStepRoutes(app: FastifyInstance, services: Services): void {
  for (const step of steps) {
    app.get(step.url, (request, reply) => showStep(services, step, request, reply))
    app.post(step.url, (request, reply) => takeStep(services, step, request, reply))
  }
}

/** Leads on from a step that was right. */
export async function goOn(services: Services, reply: FastifyReply, outcome: Outcome): Promise<FastifyReply> {
  if (outcome.kind === 'factor') return reply.redirect('/sign-in/factor', 303)
  if (outcome.kind === 'enrol') return reply.redirect('/enrol', 303)
  admit(services, reply, outcome)
  return sendOnward(services, reply, outcome)
}

/** The page of a step; a browser that is elsewhere is led there, one that is nowhere starts again. */
async function showStep(services: Services, step: Step, request: FastifyRequest, reply: FastifyReply) {
  const { cookies, storage, clock } = services
  const flow = cookies.flow(request, reply)
  const attempt = await findAttempt(storage.db, flow.keyHash, clock.nowMs())
  if (attempt?.stage === step.stage && attempt.login !== '')
    return sendPage(reply, await step.show(services, flow, attempt))
  if (attempt?.stage === 'factor') return reply.redirect('/sign-in/factor', 303)
  if (attempt?.stage === 'enrol') return reply.redirect('/enrol', 303)
  return sendPage(reply, signInPage({ form: { csrf: flow.csrf }, hint: tooLate }))
}

/** Takes a step's form: what people can mend shows the page again, what they cannot starts again with a sentence. */
async function takeStep(services: Services, step: Step, request: FastifyRequest, reply: FastifyReply) {
  const visitor = await readVisitor(services, request)
  let posted: Posted | undefined
  try {
    posted = await readPosted(services, step, request)
    const { attempt, form } = posted
    return await goOn(services, reply, await step.prove(services, anonymousAct(request), visitor, attempt, form))
  } catch (error) {
    if (isFault(error, 'authentication.form_stale')) {
      const flow = services.cookies.flow(request, reply)
      return sendPage(reply, signInPage({ form: { csrf: flow.csrf }, hint: tooLate }), error.status)
    }
    if (posted === undefined || !isFault(error) || !mendable.has(error.code)) throw error
    if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds))
    const page = await step.show(services, posted.flow, posted.attempt, sayWrong(error))
    return sendPage(reply, page, error.status)
  }
}

const mendable: ReadonlySet<string> = new Set([
  'authentication.rejected',
  'authentication.throttled',
  'authentication.busy',
])

const sayWrong = (fault: Fault): Says =>
  fault.code === 'authentication.throttled'
    ? (t) => fill(t.signIn.tooMany, { seconds: fault.retryAfterSeconds ?? 1 })
    : sayFault(fault)

interface Posted {
  readonly form: Form
  readonly flow: Flow
  readonly attempt: Attempt
}

/** @throws {Fault} `authentication.form_forged`, `authentication.form_stale` */
async function readPosted(services: Services, step: Step, request: FastifyRequest): Promise<Posted> {
  const { cookies, storage, clock, web } = services
  const token = cookies.read(request, 'flow')
  const form = requireOwnForm(request, token, web.url)
  const flow = flowOf(token as string)
  const attempt = await findAttempt(storage.db, flow.keyHash, clock.nowMs())
  if (attempt === undefined || attempt.id !== form.attempt || attempt.stage !== step.stage)
    throw new Fault('authentication.form_stale')
  return { form, flow, attempt }
}
