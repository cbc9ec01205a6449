import { Fault, type UserId } from '#kernel'
import { needsSecondFactorOf } from '../http/visitor.ts'
import type { Services } from '../services.ts'
import { acrs, isAtLeast, isOwnSecond } from './session.ts'
import '../faults.ts'

/** The proof behind an access token: as it says, and the session that it came from where that is known. */
export interface TokenProof {
  readonly acr?: string | undefined
  readonly amr?: readonly string[] | undefined
  readonly sessionId?: string | undefined
  /** Known to have been the person's own second factor. */
  readonly ownSecond?: boolean
}

/**
 * Holds what speaks for a person (an access token) to the same as their session: when they need a second factor, the proof
 * behind it had one, and of an administrator, whenever they became one, their own.
 * @throws {Fault} `authentication.second_factor_needed`
 */
export function holdToFactors(services: Services): (user: UserId, proof: TokenProof) => Promise<void> {
  const { people, storage, sessions, administrators } = services
  return async (user, { acr, amr, sessionId, ownSecond }) => {
    const known = acrs.find((each) => each === acr)
    if (known === 'phr') return
    if (known !== undefined && isAtLeast(known, 'urn:gatehouse:acr:2')) {
      if (ownSecond === true || !administrators.isAdministrator(user)) return
      const session = sessionId === undefined ? undefined : await sessions.findById(sessionId)
      if (isOwnSecond(session ?? { amr: amr ?? [] })) return
      throw new Fault('authentication.second_factor_needed')
    }
    const person = await people.find(storage.db, user)
    if (person === undefined || needsSecondFactorOf(services, person))
      throw new Fault('authentication.second_factor_needed')
  }
}
