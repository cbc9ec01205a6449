import type { FastifyRequest } from 'fastify'
import { Fault } from '#kernel'
import type { Identify, Identity } from '#web'
import { needsSecondFactor } from '../http/visitor.ts'
import type { Services } from '../services.ts'
import '../faults.ts'

/**
 * Recognises the session cookie, unless the request carries `Authorization`, which then speaks for it. A cookie whose
 * session has ended is like none.
 * @throws {Fault} `authentication.second_factor_needed` for an administrator who signed in with one factor: from the moment
 * of the grant, not from the next sign-in; `authentication.proof_needed`, `authentication.denied` where sign-in policies do not let the
 * session go on here and now
 */
export function identifySession(services: Services): Identify {
  const { cookies, sessions, standing } = services
  return (request) => {
    if (request.headers.authorization !== undefined) return undefined
    const token = cookies.read(request, 'session')
    return token === undefined ? undefined : identify(request, token)
  }

  async function identify(request: FastifyRequest, token: string): Promise<Identity | undefined> {
    const known = await sessions.find(token)
    if (known === undefined) return undefined
    const { session, person } = known
    if (needsSecondFactor(services, known)) throw new Fault('authentication.second_factor_needed')
    if (standing.isAsked(person.organizationId)) {
      const going = { ...known, address: request.ip, deviceToken: cookies.read(request, 'device') }
      const answer = await standing.ask({ requestId: request.id }, going)
      if (answer.kind === 'require')
        throw new Fault('authentication.proof_needed', { extra: { factors: answer.factors } })
      if (answer.kind === 'deny') throw new Fault('authentication.denied', { extra: { reasons: answer.reasons } })
    }
    return {
      actor: { type: 'user', id: person.id, organizationId: person.organizationId, name: person.username },
      via: 'session',
      sessionId: session.id,
    }
  }
}
