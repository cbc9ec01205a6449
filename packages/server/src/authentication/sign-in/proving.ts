import { type Act, Fault, isFault, randomToken } from '#kernel'
import type { Reader, Tx } from '#storage'
import { breakGlassUses, recordBreakGlass } from '../break-glass.ts'
import type { AuthenticationDeps, Person } from '../deps.ts'
import type { Method } from '../events.ts'
import { hasSecondFactor, readFactors } from '../factors/factors.ts'
import { tieToProvider } from '../federation/vouching.ts'
import type { Outbox } from '../mail/outbox.ts'
import { mayUseMail } from '../mail-codes/may-use-mail.ts'
import { isOwnAddress } from '../sessions/session.store.ts'
import { acrOf, hashToken, isAtLeast, type Session } from '../sessions/session.ts'
import type { KnownSession } from '../sessions/session-cache.ts'
import { actOfPerson, type Beginning, type Sessions } from '../sessions/sessions.ts'
import { type Attempt, advanceAttempt, deleteAttempt } from './attempt.store.ts'
import type { Conditions } from './conditions.ts'
import type { Destinations } from './destinations.ts'
import { hasDevices, isKnownDevice, saveDevice } from './device.store.ts'
import { allows, askedAtMs, federationOf, has, stronger } from './fitting.ts'
import type { SignInMeasures } from './measures.ts'
import { deny, recordDenial, recordFailure, reject } from './refusals.ts'
import { isRemembered, remember } from './remembered.ts'
import { isSprayed } from './suspects.ts'
import type { Throttle, Trying } from './throttle.ts'
import { transactUnlessUsed, UsedUp } from './used-up.ts'
import '../faults.ts'

/** The browser that tries. */
export interface Visitor {
  readonly address: string | undefined
  readonly agent: string | undefined
  readonly deviceToken: string | undefined
  /** Whether the person wishes this browser to skip the second factor for some days. */
  readonly remember?: boolean
  /** The live session it has already, and its token. */
  readonly current: (KnownSession & { readonly token: string }) | undefined
}

export interface SignedIn {
  readonly kind: 'signed_in'
  /** For the session cookie. */
  readonly token: string
  /** For the cookie of a browser that was not known. */
  readonly deviceToken: string | undefined
  readonly session: Session
  readonly returnTo: string
}

/** What comes next. */
export type Outcome = SignedIn | { readonly kind: 'factor' } | { readonly kind: 'enrol' }

/** What a right answer proves: methods (RFC 8176), and what must be used up in the transaction of the sign-in. */
export interface Proved {
  readonly amr: readonly string[]
  /** What it shows beside the method itself, as sign-in policies name it. */
  readonly factors?: readonly string[]
  /** False when it was used already. */
  readonly use?: (tx: Tx, own: Act) => Promise<boolean>
}

/** One try by one method: who it is about and how it is checked. */
export interface Try {
  readonly method: Method
  readonly attempt: Attempt
  readonly person: Person | undefined
  readonly check: () => Promise<Proved | undefined>
  readonly throttled: boolean
}

type Deps = AuthenticationDeps & {
  readonly sessions: Sessions
  readonly throttle: Throttle
  readonly measures: SignInMeasures
  readonly outbox: Outbox
  readonly conditions: Conditions
  readonly destinations: Destinations
}

/** What every method has in common: counting, refusing alike, recording, and what comes next. */
export class Proving {
  readonly #deps: Deps
  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * INVARIANT: counts before it checks; checks the same whoever it is about; answers every failure alike.
   * @throws {Fault} `authentication.rejected`, `authentication.throttled`, `authentication.busy`, `authentication.form_stale`
   */
  async run(act: Act, visitor: Visitor, it: Try): Promise<Outcome> {
    const { clock, throttle, measures } = this.#deps
    const { method, attempt, person } = it
    const startedAt = performance.now()
    const trying = await this.#trying(visitor, it)
    const waitMs = it.throttled ? await throttle.take(trying, clock.nowMs()) : 0
    if (waitMs > 0) {
      measures.count(method, 'throttled', startedAt)
      await recordFailure(this.#deps, act, it, 'throttled')
      throw new Fault('authentication.throttled', { retryAfterSeconds: Math.ceil(waitMs / 1_000) })
    }
    try {
      const proved = await it.check()
      const active = person?.state === 'active' && allows(person, method)
      if (proved === undefined || !active) {
        await reject(this.#deps, act, it, proved === undefined ? 'wrong' : 'barred')
      }
      const outcome = await this.#advance(
        act,
        visitor,
        it,
        trying,
        person as Person,
        proved as NonNullable<typeof proved>,
      )
      if (outcome === undefined) await reject(this.#deps, act, it, 'used already')
      measures.count(method, 'success', startedAt)
      return outcome as Outcome
    } catch (error) {
      const again = attempt.failures > 0 ? 'rejected_again' : 'rejected'
      const rejected = isFault(error, 'authentication.denied') ? 'denied' : again
      measures.count(method, isFault(error) && error.status < 500 ? rejected : 'unavailable', startedAt)
      throw error
    }
  }

  /** What the proved methods lead to; undefined when something that can be used once was used meanwhile. */
  async #advance(
    act: Act,
    visitor: Visitor,
    { attempt, method, throttled }: Try,
    trying: Trying,
    person: Person,
    proved: Proved,
  ): Promise<Outcome | undefined> {
    const { storage, administrators, conditions, throttle } = this.#deps
    const shown = {
      amr: [...new Set(proved.amr)],
      factors: [...new Set([...attempt.factors, method, ...(proved.factors ?? [])])],
    }
    const use = async (tx: Tx, own: Act) => {
      if (proved.use !== undefined && !(await proved.use(tx, own))) return false
      if (throttled) await throttle.clear(tx, trying)
      return true
    }
    const goOn = async (kind: 'factor' | 'enrol', needs: readonly string[]) => {
      const change = { stage: kind, ...shown, needs, failures: 0, challenge: undefined }
      const moved = await transactUnlessUsed(storage, async (tx) => {
        if (!(await use(tx, actOfPerson(act, person)))) throw new UsedUp()
        return advanceAttempt(tx, attempt, change)
      })
      if (moved === false) throw new Fault('authentication.form_stale')
      return moved && { kind }
    }
    const factors = await readFactors(storage.db, person.organizationId, person.id)
    const mailHelps = (needs: readonly string[]) =>
      mayUseMail(storage.db, this.#deps, person, { stage: 'factor', factors: shown.factors, needs })
    const fresh = visitor.current?.session.userId !== person.id
    if (
      fresh &&
      (method === 'password' || method === 'federated') &&
      (await isRemembered(storage.db, this.#deps, person, visitor.deviceToken))
    ) {
      shown.amr.push('mfa')
      shown.factors.push('remembered_device')
    }
    if (!shown.amr.includes('mfa')) {
      const needed = administrators.isAdministrator(person.id) || person.organization.rules.secondFactor === 'everyone'
      if (hasSecondFactor(factors)) return goOn('factor', stronger(person, factors, attempt.acr))
      if (needed && method === 'email') await reject(this.#deps, act, { attempt, method, person }, 'one factor only')
      if (needed) return goOn((await mailHelps([])) ? 'factor' : 'enrol', [])
    } else if (attempt.acr !== undefined && !isAtLeast(acrOf(shown.amr), attempt.acr)) {
      // Who has nothing stronger goes on: whoever asked for more decides what that is worth (RFC 9470 §5).
      const can = stronger(person, factors, attempt.acr).filter((factor) => !shown.factors.includes(factor))
      if (can.length > 0) return goOn('factor', can)
    }
    const answer = await conditions.ask(act, person, {
      action: fresh ? 'signIn' : 'stepUp',
      factors: shown.factors,
      applicationId: await this.#deps.destinations.applicationOf(attempt.returnTo),
      provider: federationOf(attempt, shown)?.provider,
      address: visitor.address,
      deviceKnown: await this.#isKnown(storage.db, visitor, person),
    })
    if (answer.kind === 'require') {
      const mail = await mailHelps(['email'])
      const can = answer.factors.filter(
        (factor) => !shown.factors.includes(factor) && (factor === 'email' ? mail : has(factors, factor)),
      )
      if (can.length > 0) return goOn('factor', can)
    }
    if (answer.kind !== 'permit') {
      // INVARIANT: what was shown is used up whatever comes of it: a code that somebody else saw opens nothing later.
      const told = await transactUnlessUsed(storage, async (tx) => {
        if (!(await use(tx, actOfPerson(act, person)))) throw new UsedUp()
        await recordDenial(tx, this.#deps, act, person, attempt, answer)
        return true
      })
      return told === undefined ? undefined : deny(answer)
    }
    return this.finish(act, visitor, attempt, async () => person, shown, use)
  }

  /**
   * Ends the attempt and begins the session, in one transaction with `also`; undefined when `also` says false.
   * @param personIn whose session it is, made or activated in the same transaction where need be
   * @throws {Fault} `authentication.form_stale` when the attempt had ended
   */
  async finish(
    act: Act,
    visitor: Visitor,
    attempt: Attempt,
    personIn: (tx: Tx) => Promise<Person>,
    shown: { readonly amr: readonly string[]; readonly factors: readonly string[] },
    also: (tx: Tx, own: Act, person: Person) => Promise<boolean>,
  ): Promise<SignedIn | undefined> {
    const { storage, clock, entropy, meter, sessions } = this.#deps
    const { current, address, agent } = visitor
    const federation = federationOf(attempt, shown)
    const fresh = randomToken(entropy)
    const done = await transactUnlessUsed(storage, async (tx) => {
      if (!(await deleteAttempt(tx, attempt))) throw new Fault('authentication.form_stale')
      const person = await personIn(tx)
      const own = actOfPerson(act, person)
      if (!(await also(tx, own, person))) throw new UsedUp()
      const deviceToken = (await this.#isKnown(tx, visitor, person)) ? undefined : fresh
      const newDevice = deviceToken !== undefined
      const asked = { provider: federation?.provider, authenticatedAtMs: askedAtMs(attempt, shown) }
      const from = { ...asked, address, agent, newDevice }
      const begun = await this.#session(tx, own, current, { person, ...shown, ...from })
      if (federation !== undefined && !(await tieToProvider(tx, begun.session, federation)))
        throw new Fault('authentication.form_stale')
      if (person.breakGlass) await recordBreakGlass(tx, own, person, clock.nowMs())
      if (deviceToken !== undefined) await this.#meetDevice(tx, person, deviceToken, visitor)
      const token = deviceToken ?? visitor.deviceToken
      const second = shown.amr.includes('mfa') && !shown.factors.includes('remembered_device')
      if (visitor.remember && second && token !== undefined)
        await remember(tx, this.#deps, own, person, { token, agent })
      return { begun, deviceToken, breakGlass: person.breakGlass === true }
    })
    if (done === undefined) return undefined
    if (current !== undefined) sessions.cache.forgetSession(current.session.id)
    if (done.breakGlass) breakGlassUses(meter).inc({ kind: 'account' })
    return { kind: 'signed_in', ...done.begun, deviceToken: done.deviceToken, returnTo: attempt.returnTo }
  }

  /** Remembers the browser; a person who has signed in with another before is told of it. */
  async #meetDevice(tx: Tx, person: Person, token: string, { agent, address }: Visitor): Promise<void> {
    const { clock, outbox, url } = this.#deps
    const nowMs = clock.nowMs()
    const first = !(await hasDevices(tx, person.organizationId, person.id, nowMs))
    await saveDevice(tx, hashToken(token), person.organizationId, person.id, nowMs)
    if (first) return
    await outbox.put(tx, person, 'new_device', {
      agent,
      address,
      atMs: nowMs,
      url: `${url}/account`,
    })
  }

  /** The same session under a new token for the same person; else a new one, and the former ends. */
  async #session(tx: Tx, own: Act, current: Visitor['current'], beginning: Beginning) {
    const { sessions } = this.#deps
    if (current === undefined) return sessions.start(tx, own, beginning)
    if (current.session.userId === beginning.person.id) {
      const rotated = await sessions.rotate(tx, own, current.token, current.session, beginning)
      if (rotated !== undefined) return rotated
    } else await sessions.end(tx, own, current.session, 'somebody else signed in')
    return sessions.start(tx, own, beginning)
  }

  async #trying(visitor: Visitor, { method, attempt, person }: Try): Promise<Trying> {
    const known = person !== undefined && (await this.#isKnown(this.#deps.storage.db, visitor, person))
    const who = person?.id ?? `${attempt.organizationId}:${attempt.login.normalize('NFKC').toLowerCase()}`
    return {
      account: `${method}:${who}`,
      address: visitor.address,
      device: known ? hashToken(visitor.deviceToken as string) : undefined,
      strange: !known && (await this.#isStrange(visitor, attempt)),
    }
  }

  /** Whether the organization is attacked, and this address is none that its people have come from. */
  async #isStrange({ address }: Visitor, { organizationId }: Attempt): Promise<boolean> {
    const { clock, storage } = this.#deps
    const nowMs = clock.nowMs()
    if (address === undefined || organizationId === undefined) return false
    if (!(await isSprayed(storage.db, organizationId, nowMs))) return false
    return !(await isOwnAddress(storage.db, organizationId, address, nowMs))
  }

  async #isKnown(db: Reader, { deviceToken }: Visitor, person: Person): Promise<boolean> {
    if (deviceToken === undefined) return false
    const nowMs = this.#deps.clock.nowMs()
    return isKnownDevice(db, hashToken(deviceToken), person.organizationId, person.id, nowMs)
  }
}
