import { type Clock, type Entropy, isId, newId } from '#kernel'
import { definePurposes, type Keyring } from '#keyring'
import type { Tx } from '#storage'
import type { Person } from '../deps.ts'
import type { LetterKind, Letters } from './letters.ts'
import { insertLetter } from './outbox.store.ts'

export const mailPurpose = 'authentication.mail'
definePurposes({ [mailPurpose]: 'Letters that are to be sent' })

/** How long a letter is tried. A link in it may end earlier. */
const triedMs = 24 * 3_600_000

export interface OutboxDeps {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly keyring: Pick<Keyring, 'seal' | 'unseal'>
  /** Whether there is a mail server to send by. */
  readonly sends: boolean
}

/** Whom a letter is to. Without an id it is somebody who is no user yet. */
export type Addressee = Pick<Person, 'organizationId' | 'name' | 'email' | 'language'> & { readonly id?: string }

/** Letters come to be in the transaction of what they tell of: neither is there without the other. */
export class Outbox {
  readonly #deps: OutboxDeps
  constructor(deps: OutboxDeps) {
    this.#deps = deps
  }

  /** Whether letters are sent at all. */
  get sends(): boolean {
    return this.#deps.sends
  }

  /** Whether a letter can reach this person. */
  reaches(person: Person): boolean {
    return this.sends && person.email !== undefined
  }

  /** Puts a letter to a person, or to an address that nobody has an account with yet, on its way. Nothing where no letters are sent. */
  async put<K extends LetterKind>(tx: Tx, person: Addressee, kind: K, values: Letters[K]): Promise<void> {
    const { clock, keyring } = this.#deps
    if (!this.sends || person.email === undefined) return
    const id = newId('mail', this.#deps)
    const nowMs = clock.nowMs()
    await insertLetter(tx, {
      id,
      organizationId: person.organizationId,
      userId: isId('user', person.id) ? person.id : undefined,
      kind,
      recipient: person.email,
      sealed: keyring.seal(
        mailPurpose,
        Buffer.from(JSON.stringify({ name: person.name, values, language: person.language })),
        id,
      ),
      attempts: 0,
      nextAtMs: nowMs,
      untilMs: nowMs + triedMs,
    })
  }
}
