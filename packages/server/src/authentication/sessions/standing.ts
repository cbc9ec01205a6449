import type { SignInAnswer } from '#authorization'
import type { Act } from '#kernel'
import type { AuthenticationDeps, Person } from '../deps.ts'
import type { Conditions } from '../sign-in/conditions.ts'
import { isKnownDevice } from '../sign-in/device.store.ts'
import { hashToken, type Session } from './session.ts'

/** A session that goes on: where its person is now, and what they open with it. */
export interface GoingOn {
  readonly session: Session
  readonly person: Person
  readonly address: string | undefined
  /** Undefined where browsers send none: on an application's own host the session was begun by the browser that is there. */
  readonly deviceToken?: string | undefined
  readonly elsewhere?: boolean
  readonly applicationId?: string | undefined
}

const permit: SignInAnswer = { kind: 'permit' }
const holdsMs = 60_000
const most = 20_000

/**
 * Asks sign-in policies again while a session goes on: at each address, browser and application once a minute, and at once when the
 * policies change or the person has proved themselves again. Nothing is asked where an organization has no policies. INVARIANT: only a
 * permission is remembered; whoever is refused is asked about again.
 */
export class Standing {
  readonly #deps: Pick<AuthenticationDeps, 'storage' | 'clock' | 'signIns'> & { readonly conditions: Conditions }
  readonly #permitted = new Map<string, number>()

  constructor(deps: Pick<AuthenticationDeps, 'storage' | 'clock' | 'signIns'> & { readonly conditions: Conditions }) {
    this.#deps = deps
  }

  /** Whether there is anything to ask. */
  isAsked(organizationId: string): boolean {
    return this.#deps.signIns.has(organizationId)
  }

  /** @throws {Fault} `authorization.journal_unavailable` */
  async ask(act: Pick<Act, 'requestId'>, it: GoingOn): Promise<SignInAnswer> {
    const { clock, signIns, conditions } = this.#deps
    const { session, person, address, applicationId } = it
    const bundle = signIns.bundleOf(person.organizationId)
    if (bundle === undefined) return permit
    const nowMs = clock.nowMs()
    const { id, authenticatedAtMs } = session
    const key = JSON.stringify([bundle, id, authenticatedAtMs, address, it.deviceToken, it.elsewhere, applicationId])
    if ((this.#permitted.get(key) ?? 0) > nowMs) return permit
    this.#permitted.delete(key)
    const deviceKnown = it.elsewhere === true || (await this.#isKnown(it, nowMs))
    const { factors, provider } = session
    const asked = { action: 'signIn', factors, provider, address, deviceKnown, applicationId } as const
    const answer = await conditions.ask(act, person, { ...asked, goesOn: true })
    if (answer.kind !== 'permit') return answer
    if (this.#permitted.size >= most) this.#permitted.delete(this.#permitted.keys().next().value as string)
    this.#permitted.set(key, nowMs + holdsMs)
    return answer
  }

  async #isKnown({ deviceToken, person }: GoingOn, nowMs: number): Promise<boolean> {
    if (deviceToken === undefined) return false
    return isKnownDevice(this.#deps.storage.db, hashToken(deviceToken), person.organizationId, person.id, nowMs)
  }
}
