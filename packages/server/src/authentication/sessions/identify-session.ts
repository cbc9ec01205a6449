import { Fault } from '#kernel'
import type { Identify, Identity } from '#web'
import { needsSecondFactor } from '../http/visitor.ts'
import type { Services } from '../services.ts'
import '../faults.ts'

/**
 * Recognises the session cookie, unless the request carries `Authorization`, which then speaks for it. A cookie whose
 * session has ended is like none.
 * @throws {Fault} `authentication.second_factor_needed` for an administrator who signed in with one factor: from the moment
 * of the grant, not from the next sign-in
 */
export function identifySession(services: Services): Identify {
  const { cookies, sessions } = services
  return (request) => {
    if (request.headers.authorization !== undefined) return undefined
    const token = cookies.read(request, 'session')
    return token === undefined ? undefined : identify(token)
  }

  async function identify(token: string): Promise<Identity | undefined> {
    const known = await sessions.find(token)
    if (known === undefined) return undefined
    const { session, person } = known
    if (needsSecondFactor(services, known)) throw new Fault('authentication.second_factor_needed')
    return {
      actor: { type: 'user', id: person.id, organizationId: person.organizationId, name: person.username },
      via: 'session',
      sessionId: session.id,
    }
  }
}
