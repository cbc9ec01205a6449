import { record } from '#feed'
import { type Act, Fault, Secret } from '#kernel'
import type { AuthenticationDeps, Person } from '../deps.ts'
import { english } from '../languages/languages.ts'
import { sayWeakness, type Weakness } from '../languages/say-fault.ts'
import { hashPassword, needsUpgrade, verifyPassword } from './argon2.ts'
import type { BreachedPasswords } from './breached.ts'
import { parseForeign, verifyForeign } from './foreign.ts'
import { HashingQueue } from './hashing-queue.ts'
import { lowerWorkers } from './lower-workers.ts'
import { findPassword, replaceHash } from './password.store.ts'
import { findWeakness, passwordMost } from './strength.ts'
import '../events.ts'
import '../faults.ts'

const tooWeak = (weakness: Weakness) =>
  new Fault('authentication.password_weak', { detail: sayWeakness(english, weakness), extra: { weakness } })

type Deps = Pick<AuthenticationDeps, 'storage' | 'clock' | 'entropy' | 'meter'> & {
  readonly breached?: BreachedPasswords | undefined
}

/** Checks and hashes passwords, a bounded number at a time. */
export class Passwords {
  readonly #deps: Deps
  readonly #queue: HashingQueue
  #nobodys: Promise<string> | undefined

  constructor(deps: Deps) {
    this.#deps = deps
    this.#queue = new HashingQueue(deps.meter)
  }

  /**
   * Whether this is the person's password. INVARIANT: one hashing at the current cost, whether or not there is such a
   * person or password, so that the time tells nothing. A hash of a lower cost, or of another system, is made again while the
   * password is at hand; until then one of another system takes its own time besides.
   * @throws {Fault} `authentication.busy`
   */
  async check(act: Act, person: Person | undefined, password: Secret): Promise<boolean> {
    const { storage, entropy } = this.#deps
    const stored = person && (await findPassword(storage.db, person.organizationId, person.id))
    this.#nobodys ??= hashPassword(entropy, new Secret('nobody has this password')).finally(lowerWorkers)
    const foreign = stored && parseForeign(stored.phc)
    const nobodys = await this.#nobodys
    const phc = foreign === undefined ? (stored?.phc ?? nobodys) : nobodys
    const tooLong = password.reveal().length > passwordMost * 2
    const right = await this.#queue.run(async () => {
      const verified = await verifyPassword(phc, password)
      return foreign === undefined ? verified : verifyForeign(foreign, password)
    })
    if (!right || tooLong || person === undefined || stored === undefined) return false
    if (foreign !== undefined || needsUpgrade(stored.phc)) await this.#upgrade(act, person, stored.phc, password)
    return true
  }

  /**
   * The PHC string of a new password.
   * @throws {Fault} `authentication.password_weak` with the sentence that helps, `authentication.busy`
   */
  async hashNew(password: Secret, about: readonly (string | undefined)[]): Promise<string> {
    const weakness = await findWeakness(
      password,
      about.filter((word) => word !== undefined),
    )
    if (weakness !== undefined) throw tooWeak(weakness)
    if (await this.#deps.breached?.has(password)) throw tooWeak({ key: 'breached' })
    return this.#queue.run(() => hashPassword(this.#deps.entropy, password))
  }

  async #upgrade(act: Act, person: Person, former: string, password: Secret): Promise<void> {
    const { storage, clock, entropy } = this.#deps
    const phc = await this.#queue.run(() => hashPassword(entropy, password))
    await storage.transact(async (tx) => {
      if (!(await replaceHash(tx, person.organizationId, person.id, former, phc))) return
      await record(tx, act, {
        type: 'authentication.password_upgraded',
        atMs: clock.nowMs(),
        organizationId: person.organizationId,
        object: { type: 'User', id: person.id, name: person.username },
        data: {},
        touches: [],
      })
    })
  }
}
