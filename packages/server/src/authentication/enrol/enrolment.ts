import { record } from '#feed'
import { type Act, Fault, type Secret } from '#kernel'
import type { Tx } from '#storage'
import type { NewPerson, Person, SignInRules } from '../deps.ts'
import { addPasskey, makeRecoveryCodes, setPassword, setTotp } from '../factors/write-factors.ts'
import { takeLink } from '../links/link.store.ts'
import { requireLink } from '../links/make-link.ts'
import { readRegistration, registrationOptions } from '../passkeys/ceremonies.ts'
import { listPasskeys, type Passkey } from '../passkeys/passkey.store.ts'
import { factorsOfAmr } from '../sessions/session.ts'
import { type Attempt, advanceAttempt, saveAttempt, takeChallenge } from '../sign-in/attempt.store.ts'
import { newAttempt } from '../sign-in/begin.ts'
import type { PasskeyDeps } from '../sign-in/by-passkey.ts'
import { federationOf } from '../sign-in/fitting.ts'
import type { SignedIn, Visitor } from '../sign-in/proving.ts'
import { deny, recordDenial } from '../sign-in/refusals.ts'
import { newTotpSecret, stepOfCode } from '../totp/totp.ts'
import { type Pending, readPending, sealPending } from './pending.ts'

/** Signed in, with codes to show once. */
export interface Enrolled extends SignedIn {
  readonly recoveryCodes: readonly string[]
}

/** What the pages need to know of an enrolment under way. */
export interface EnrolmentState {
  readonly attempt: Attempt
  readonly pending: Pending
  /** Undefined for the first administrator, who does not exist yet. */
  readonly person: Person | undefined
  readonly login: string
  /** Whether one factor will not do. */
  readonly second: boolean
  /** Whether the password has been proved already, at sign-in. */
  readonly hasPassword: boolean
}

/** How people come to have something to sign in with: by a link, or at a sign-in that asks for a second factor. */
export class Enrolment {
  readonly #deps: PasskeyDeps
  constructor(deps: PasskeyDeps) {
    this.#deps = deps
  }

  /**
   * Opens a one-time link; it is used up only when the enrolment is complete.
   * @throws {Fault} `authentication.link_invalid`
   */
  async open(keyHash: string, token: string, purpose: Attempt['purpose']): Promise<Attempt> {
    const { storage, people } = this.#deps
    const link = await requireLink(this.#deps, token)
    const person = link.userId && (await people.find(storage.db, link.userId))
    if (link.purpose !== purpose || (link.userId !== undefined && (!person || person.state === 'barred')))
      throw new Fault('authentication.link_invalid')
    const attempt: Attempt = {
      ...newAttempt(this.#deps, keyHash, link.purpose === 'setup' ? '/console/first-hour' : '/account'),
      purpose: link.purpose,
      stage: link.purpose === 'setup' ? 'profile' : 'enrol',
      organizationId: link.organizationId,
      userId: link.userId,
      login: person ? person.username : '',
      linkHash: link.keyHash,
    }
    await storage.transact((tx) => saveAttempt(tx, attempt))
    return attempt
  }

  /** @throws {Fault} `authentication.form_stale` when the attempt is not at this point */
  async state(attempt: Attempt | undefined): Promise<EnrolmentState> {
    const { storage, people, administrators, keyring } = this.#deps
    if (attempt?.stage !== 'enrol') throw new Fault('authentication.form_stale')
    const pending = await readPending(keyring, attempt)
    const person = attempt.userId && (await people.find(storage.db, attempt.userId))
    if (attempt.purpose !== 'setup' && (!person || person.state === 'barred'))
      throw new Fault('authentication.form_stale')
    const second =
      attempt.purpose === 'setup' ||
      attempt.purpose === 'sign_in' ||
      (person !== undefined &&
        (administrators.isAdministrator(person.id) || person.organization.rules.secondFactor === 'everyone'))
    const login = person?.username ?? pending.profile?.username ?? ''
    return { attempt, pending, person, login, second, hasPassword: attempt.amr.includes('pwd') }
  }

  /**
   * Keeps who the first administrator is, once the directory would take it.
   * @throws {Fault} of the directory, with `errors`; `authentication.form_stale`
   */
  async profile(act: Act, attempt: Attempt, profile: NewPerson): Promise<void> {
    const { storage, people, keyring } = this.#deps
    await storage
      .transact(async (tx) => {
        await people.create(tx, act, attempt.organizationId as NonNullable<typeof attempt.organizationId>, profile)
        throw new DryRun()
      })
      .catch((error) => {
        if (!(error instanceof DryRun)) throw error
      })
    const pending = sealPending(keyring, attempt, { profile })
    await this.#move(attempt, { stage: 'enrol', pending })
  }

  /** Options to create a passkey, with a challenge kept for one answer. */
  async passkeyOptions(state: EnrolmentState) {
    const { attempt, pending, person, login } = state
    const { storage, rp, entropy } = this.#deps
    const options = await registrationOptions(rp, entropy, {
      userId: person?.id ?? attempt.id,
      username: login,
      displayName: person?.name ?? pending.profile?.name ?? login,
      existing: person === undefined ? [] : await listPasskeys(storage.db, person.organizationId, person.id),
      rules: rulesOf(state),
    })
    await this.#move(attempt, { challenge: options.challenge })
    return options
  }

  /** @throws {Fault} `authentication.passkey_rejected`, `authentication.form_stale`, `authentication.link_invalid` */
  async passkey(act: Act, visitor: Visitor, state: EnrolmentState, answer: string, name: string): Promise<Enrolled> {
    const { attempt, person } = state
    const { storage, rp } = this.#deps
    if (!(await storage.transact((tx) => takeChallenge(tx, attempt)))) throw new Fault('authentication.form_stale')
    const passkey = await readRegistration(this.#deps, rp, {
      answer,
      challenge: attempt.challenge as string,
      organizationId: attempt.organizationId as NonNullable<typeof attempt.organizationId>,
      userId: person?.id ?? ('' as never),
      name,
      rules: rulesOf(state),
    })
    const verified = passkey.userVerified ? ['user'] : []
    const amr = [...attempt.amr, passkey.backedUp ? 'swk' : 'hwk', ...verified, 'mfa']
    return this.#complete(act, visitor, state, amr, { passkey })
  }

  /**
   * A new password: complete with it alone where one factor will do.
   * @throws {Fault} `authentication.password_weak`, `authentication.form_stale`, `authentication.link_invalid`
   */
  async password(
    act: Act,
    visitor: Visitor,
    state: EnrolmentState,
    password: Secret,
  ): Promise<Enrolled | { kind: 'totp' }> {
    const { attempt, pending, person, login, second } = state
    const { profile } = pending
    const words = [login, person?.name, person?.email, person?.organization.displayName, profile?.name, profile?.email]
    const phc = await this.#deps.passwords.hashNew(password, words)
    if (!second) return this.#complete(act, visitor, state, ['pwd'], { phc })
    await this.#move(attempt, { pending: sealPending(this.#deps.keyring, attempt, { ...pending, phc }) })
    return { kind: 'totp' }
  }

  /** The secret to show: the same until it is confirmed, so that going back does not change what was scanned. */
  async totpSecret(state: EnrolmentState): Promise<Uint8Array> {
    const { attempt, pending } = state
    if (pending.totpSecret !== undefined) return Buffer.from(pending.totpSecret, 'base64url')
    const secret = newTotpSecret(this.#deps.entropy)
    const more = { ...pending, totpSecret: Buffer.from(secret).toString('base64url') }
    await this.#move(attempt, { pending: sealPending(this.#deps.keyring, attempt, more) })
    return secret
  }

  /** @throws {Fault} `authentication.code_rejected`, `authentication.form_stale`, `authentication.link_invalid` */
  async totp(act: Act, visitor: Visitor, state: EnrolmentState, code: string): Promise<Enrolled> {
    const { pending, hasPassword } = state
    if (pending.totpSecret === undefined || (pending.phc === undefined && !hasPassword))
      throw new Fault('authentication.form_stale')
    const secret = Buffer.from(pending.totpSecret, 'base64url')
    const step = await stepOfCode(secret, code, this.#deps.clock.nowMs())
    if (step === undefined) throw new Fault('authentication.code_rejected')
    return this.#complete(act, visitor, state, ['pwd', 'otp', 'mfa'], { phc: pending.phc, totp: { secret, step } })
  }

  /** Everything at once: the link used up, the user made or activated, factors written, the session begun. */
  async #complete(act: Act, visitor: Visitor, state: EnrolmentState, amr: readonly string[], made: Made) {
    const { people, proving } = this.#deps
    const { attempt, pending } = state
    const system: Act = { ...act, actor: { type: 'system', name: attempt.purpose } }
    let recoveryCodes: readonly string[] = []
    const personIn = async (tx: Tx): Promise<Person> => {
      if (attempt.linkHash !== undefined) await this.#useLink(tx, system, attempt)
      if (attempt.purpose !== 'setup') {
        const person = await people.activate(tx, system, attempt.userId as NonNullable<typeof attempt.userId>)
        if (person.state !== 'active') throw new Fault('authentication.form_stale')
        return person
      }
      const organization = attempt.organizationId as NonNullable<typeof attempt.organizationId>
      const { id } = await people.create(tx, system, organization, pending.profile as NewPerson)
      await this.#deps.administrators.makeOwner(tx, system, id)
      return people.activate(tx, system, id)
    }
    const shown = { amr, factors: [...attempt.factors, 'link', ...factorsOfAmr(amr)] }
    await this.#hold(act, visitor, state, shown.factors)
    const done = await proving.finish(act, visitor, attempt, personIn, shown, async (tx, own, person) => {
      recoveryCodes = await this.#write(tx, own, person, made)
      return true
    })
    return { ...(done as SignedIn), recoveryCodes }
  }

  /** Holds the sign-in that an enrolment ends with to the organization's policies, before anything is written. */
  async #hold(act: Act, visitor: Visitor, { attempt, person }: EnrolmentState, factors: readonly string[]) {
    if (person === undefined) return
    const { conditions, destinations } = this.#deps
    const { address } = visitor
    const applicationId = await destinations.applicationOf(attempt.returnTo)
    const provider = federationOf(attempt, { factors })?.provider
    const asked = { action: 'signIn', factors, address, deviceKnown: false, applicationId, provider } as const
    const answer = await conditions.ask(act, person, asked)
    if (answer.kind !== 'permit') {
      await this.#deps.storage.transact((tx) => recordDenial(tx, this.#deps, act, person, attempt, answer))
      deny(answer)
    }
  }

  async #useLink(tx: Tx, act: Act, attempt: Attempt): Promise<void> {
    const { clock, people } = this.#deps
    const used = await takeLink(tx, attempt.linkHash as string, clock.nowMs())
    if (used === undefined) throw new Fault('authentication.link_invalid')
    if (used.mailedTo !== undefined && attempt.userId !== undefined)
      await people.confirmEmail(tx, act, attempt.userId, used.mailedTo)
    const organizationId = attempt.organizationId
    await record(tx, act, {
      type: 'authentication.link_used',
      atMs: clock.nowMs(),
      organizationId,
      object:
        attempt.userId === undefined
          ? { type: 'Organization', id: organizationId as string }
          : { type: 'User', id: attempt.userId, name: attempt.login },
      data: { purpose: attempt.purpose },
      touches: [],
    })
  }

  async #write(tx: Tx, own: Act, person: Person, { phc, totp, passkey }: Made): Promise<string[]> {
    if (phc !== undefined) await setPassword(tx, this.#deps, own, person, phc, 'link')
    if (totp !== undefined) await setTotp(tx, this.#deps, own, person, totp.secret, totp.step)
    if (passkey !== undefined) await addPasskey(tx, this.#deps, own, person, { ...passkey, userId: person.id })
    if (totp === undefined && passkey === undefined) return []
    return makeRecoveryCodes(tx, this.#deps, own, person)
  }

  async #move(attempt: Attempt, change: Partial<Attempt>): Promise<void> {
    const moved = await this.#deps.storage.transact((tx) => advanceAttempt(tx, attempt, change))
    if (!moved) throw new Fault('authentication.form_stale')
  }
}

/** INVARIANT: a passkey that is made by a link alone is all that its person shows, now and later: it verifies them, whatever the rules. */
function rulesOf({ attempt, person }: EnrolmentState): SignInRules | undefined {
  const rules = person?.organization.rules
  return attempt.amr.includes('pwd') ? rules : rules && { ...rules, userVerification: 'required' }
}

interface Made {
  readonly phc?: string | undefined
  readonly totp?: { readonly secret: Uint8Array; readonly step: number }
  readonly passkey?: Passkey
}

/** Rolls back what was only tried. */
class DryRun extends Error {}
