import { Fault, type UserId } from '#kernel'
import { needsSecondFactorOf } from '../http/visitor.ts'
import type { Services } from '../services.ts'
import { acrs, isAtLeast } from './session.ts'
import '../faults.ts'

/**
 * Holds what speaks for a person (an access token) to the same as their session: when they need a second factor, the proof
 * behind it had one.
 * @throws {Fault} `authentication.second_factor_needed`
 */
export function holdToFactors(services: Services): (user: UserId, acr: string | undefined) => Promise<void> {
  return async (user, acr) => {
    const known = acrs.find((each) => each === acr)
    if (known !== undefined && isAtLeast(known, 'urn:gatehouse:acr:2')) return
    const person = await services.people.find(services.storage.db, user)
    if (person === undefined || needsSecondFactorOf(services, person))
      throw new Fault('authentication.second_factor_needed')
  }
}
