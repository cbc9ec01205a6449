import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isFault } from '#kernel'
import { requireOwnForm } from '../http/own-form.ts'
import { parseReturnTo } from '../http/return-to.ts'
import { anonymousAct, readVisitor } from '../http/visitor.ts'
import type { Says } from '../languages/say.ts'
import { sendPage } from '../pages/send-page.ts'
import { signInPage } from '../pages/sign-in.pages.ts'
import type { Services } from '../services.ts'
import { parseAcr } from '../sessions/session.ts'
import { findAttempt } from './attempt.store.ts'
import { challengePasskey, provePasskey } from './by-passkey.ts'
import { goOn } from './step.routes.ts'
import { showFactor, tooLate } from './step-pages.ts'

/** Passkeys at sign-in: a challenge for the page's script, and the form that brings the answer. */
export function addPasskeyRoutes(app: FastifyInstance, services: Services): void {
  app.post('/sign-in/passkey/challenge', async (request, reply) => {
    requireOwnForm(request, services.cookies.read(request, 'flow'), services.web.url)
    const { flow, attempt } = await readFlow(services, request, reply)
    const options = await challengePasskey(services, attempt, flow.keyHash, '/account')
    return reply.header('cache-control', 'no-store').send(options)
  })
  app.post('/sign-in/passkey', (request, reply) => takeAnswer(services, request, reply))
}

async function readFlow({ cookies, storage, clock }: Services, request: FastifyRequest, reply: FastifyReply) {
  const flow = cookies.flow(request, reply)
  return { flow, attempt: await findAttempt(storage.db, flow.keyHash, clock.nowMs()) }
}

async function takeAnswer(services: Services, request: FastifyRequest, reply: FastifyReply) {
  const ownOrigin = services.web.url
  const form = requireOwnForm(request, services.cookies.read(request, 'flow'), ownOrigin)
  const { flow, attempt } = await readFlow(services, request, reply)
  const returnTo = parseReturnTo(form.return_to, ownOrigin)
  const restart = (said: { hint?: Says; wrong?: Says }, status: number) =>
    sendPage(reply, signInPage({ form: { csrf: flow.csrf, returnTo, acr: parseAcr(form.acr) }, ...said }), status)
  if (attempt === undefined || (form.attempt !== undefined && form.attempt !== attempt.id))
    return restart({ hint: tooLate }, 409)
  // The first page stands before any attempt and carries the way back itself.
  const asked = form.attempt === undefined ? { ...attempt, returnTo } : attempt
  const visitor = await readVisitor(services, request)
  try {
    const outcome = await provePasskey(services, anonymousAct(request), visitor, asked, form.credential ?? '')
    return await goOn(services, reply, outcome)
  } catch (error) {
    if (isFault(error, 'authentication.form_stale')) return restart({ hint: tooLate }, 409)
    if (!isFault(error, 'authentication.rejected') && !isFault(error, 'authentication.passkey_rejected')) throw error
    const says: Says = (t) => t.signIn.passkeyRejected
    if (attempt.stage === 'factor') return sendPage(reply, await showFactor(services, flow, attempt, says), 401)
    return restart({ wrong: says }, 401)
  }
}
