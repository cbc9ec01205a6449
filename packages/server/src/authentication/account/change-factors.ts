import { record } from '#feed'
import { Fault, type Secret } from '#kernel'
import type { Tx } from '#storage'
import type { Person } from '../deps.ts'
import { readPending, sealPending } from '../enrol/pending.ts'
import { type Factors, readFactors } from '../factors/factors.ts'
import { addPasskey, makeRecoveryCodes, setPassword, setTotp } from '../factors/write-factors.ts'
import { needsSecondFactorOf, type Resident } from '../http/visitor.ts'
import type { FactorChange } from '../mail/letters.ts'
import { readRegistration, registrationOptions } from '../passkeys/ceremonies.ts'
import { deletePasskey, listPasskeys } from '../passkeys/passkey.store.ts'
import type { Services } from '../services.ts'
import { hashToken } from '../sessions/session.ts'
import {
  type Attempt,
  advanceAttempt,
  deleteAttempt,
  deleteProvedAttempts,
  findAttempt,
  saveAttempt,
  takeChallenge,
} from '../sign-in/attempt.store.ts'
import { newAttempt } from '../sign-in/begin.ts'
import { deleteTotp } from '../totp/totp.store.ts'
import { newTotpSecret, stepOfCode } from '../totp/totp.ts'

/** What a signed-in person changes about how they sign in. All of it asks for a fresh sign-in, at the routes. */
export class ChangeFactors {
  readonly #services: Services
  constructor(services: Services) {
    this.#services = services
  }

  /** A new password; every other session of the person ends. @throws {Fault} `authentication.password_weak` */
  async password({ person, act, session }: Resident, password: Secret): Promise<void> {
    const { storage, passwords, sessions } = this.#services
    const words = [person.username, person.name, person.email, person.organization.displayName]
    const phc = await passwords.hashNew(password, words)
    await storage.transact(async (tx) => {
      await setPassword(tx, this.#services, act, person, phc, 'self')
      await sessions.endAll(tx, act, person.organizationId, person.id, 'password changed', session.id)
      await this.#tell(tx, person, { key: 'password' })
    })
    sessions.cache.forgetUser(person.id)
  }

  /** The secret of an app to be confirmed: the same until it is. */
  async totpSecret(resident: Resident): Promise<Uint8Array> {
    const { storage, keyring, entropy } = this.#services
    const attempt = await this.#attempt(resident)
    const { totpSecret } = await readPending(keyring, attempt)
    if (totpSecret !== undefined) return Buffer.from(totpSecret, 'base64url')
    const secret = newTotpSecret(entropy)
    const pending = sealPending(keyring, attempt, { totpSecret: Buffer.from(secret).toString('base64url') })
    await storage.transact((tx) => advanceAttempt(tx, attempt, { pending }))
    return secret
  }

  /** Puts the app in place of any former one. @throws {Fault} `authentication.code_rejected` */
  async totp(resident: Resident, code: string): Promise<void> {
    const { storage, clock } = this.#services
    const { person, act } = resident
    const secret = await this.totpSecret(resident)
    const attempt = await this.#attempt(resident)
    const step = await stepOfCode(secret, code, clock.nowMs())
    if (step === undefined) throw new Fault('authentication.code_rejected')
    await storage.transact(async (tx) => {
      if (!(await deleteAttempt(tx, attempt))) throw new Fault('authentication.form_stale')
      await setTotp(tx, this.#services, act, person, secret, step)
      await this.#tell(tx, person, { key: 'totpSet' })
    })
  }

  /** Takes the app away. @throws {Fault} `authentication.factor_unknown`, `authentication.last_factor` */
  async removeTotp({ person, act }: Resident): Promise<void> {
    const { storage, clock } = this.#services
    await storage.transact(async (tx) => {
      const factors = await readFactors(tx, person.organizationId, person.id)
      if (factors.totpEnrolledAtMs === undefined) throw new Fault('authentication.factor_unknown')
      if (!this.#letsIn({ ...factors, totpEnrolledAtMs: undefined }, needsSecondFactorOf(this.#services, person)))
        throw new Fault('authentication.last_factor')
      await deleteTotp(tx, person.organizationId, person.id)
      await deleteProvedAttempts(tx, person.organizationId, person.id)
      await record(tx, act, {
        type: 'authentication.totp_removed',
        atMs: clock.nowMs(),
        organizationId: person.organizationId,
        object: { type: 'User', id: person.id, name: person.username },
        data: {},
        touches: [],
      })
      await this.#tell(tx, person, { key: 'totpRemoved' })
    })
  }

  /** Options to create another passkey, with a challenge kept for one answer. */
  async passkeyOptions(resident: Resident) {
    const { storage, rp, entropy } = this.#services
    const { person } = resident
    const options = await registrationOptions(rp, entropy, {
      userId: person.id,
      username: person.username,
      displayName: person.name,
      existing: await listPasskeys(storage.db, person.organizationId, person.id),
      rules: person.organization.rules,
    })
    const attempt = await this.#attempt(resident)
    await storage.transact((tx) => advanceAttempt(tx, attempt, { challenge: options.challenge }))
    return options
  }

  /** @throws {Fault} `authentication.passkey_rejected`, `authentication.form_stale` */
  async addPasskey(resident: Resident, answer: string, name: string): Promise<void> {
    const { storage, rp } = this.#services
    const { person, act } = resident
    const attempt = await this.#attempt(resident)
    if (!(await storage.transact((tx) => takeChallenge(tx, attempt)))) throw new Fault('authentication.form_stale')
    const passkey = await readRegistration(this.#services, rp, {
      answer,
      challenge: attempt.challenge as string,
      organizationId: person.organizationId,
      userId: person.id,
      name: name.trim().slice(0, 64) || 'Passkey',
      rules: person.organization.rules,
    })
    await storage.transact(async (tx) => {
      await addPasskey(tx, this.#services, act, person, passkey)
      await this.#tell(tx, person, { key: 'passkeyAdded', name: passkey.name })
    })
  }

  /** @throws {Fault} `authentication.factor_unknown`, `authentication.last_factor` */
  async removePasskey({ person, act }: Resident, id: string): Promise<void> {
    const { storage, clock } = this.#services
    await storage.transact(async (tx) => {
      const factors = await readFactors(tx, person.organizationId, person.id)
      const passkey = factors.passkeys.find((each) => each.id === id)
      if (passkey === undefined) throw new Fault('authentication.factor_unknown')
      const left = { ...factors, passkeys: factors.passkeys.filter((each) => each.id !== id) }
      if (!this.#letsIn(left, needsSecondFactorOf(this.#services, person)))
        throw new Fault('authentication.last_factor')
      await deletePasskey(tx, person.organizationId, person.id, id)
      await record(tx, act, {
        type: 'authentication.passkey_removed',
        atMs: clock.nowMs(),
        organizationId: person.organizationId,
        object: { type: 'User', id: person.id, name: person.username },
        data: { name: passkey.name },
        touches: [],
      })
      await this.#tell(tx, person, { key: 'passkeyRemoved', name: passkey.name })
    })
  }

  /** New recovery codes, to be shown once. */
  recoveryCodes({ person, act }: Resident): Promise<string[]> {
    return this.#services.storage.transact(async (tx) => {
      await this.#tell(tx, person, { key: 'recoveryCodes' })
      return makeRecoveryCodes(tx, this.#services, act, person)
    })
  }

  /** Whoever else holds the session cannot change how its person signs in without the person hearing of it. */
  #tell(tx: Tx, person: Person, what: FactorChange): Promise<void> {
    const { outbox, clock, url } = this.#services
    return outbox.put(tx, person, 'factor_changed', { what, atMs: clock.nowMs(), url: `${url}/account` })
  }

  #letsIn(factors: Factors, second: boolean): boolean {
    if (factors.passkeys.length > 0) return true
    return factors.passwordSetAtMs !== undefined && (!second || factors.totpEnrolledAtMs !== undefined)
  }

  /** Where a ceremony of this session keeps its challenge or secret. */
  async #attempt({ token, person }: Resident): Promise<Attempt> {
    const { storage, clock } = this.#services
    const keyHash = hashToken(`account ${token}`)
    const found = await findAttempt(storage.db, keyHash, clock.nowMs())
    if (found !== undefined) return found
    const attempt: Attempt = {
      ...newAttempt(this.#services, keyHash, '/account'),
      purpose: 'account',
      stage: 'enrol',
      organizationId: person.organizationId,
      userId: person.id,
    }
    await storage.transact((tx) => saveAttempt(tx, attempt))
    return attempt
  }
}
