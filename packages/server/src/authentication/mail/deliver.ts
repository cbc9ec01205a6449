import { record } from '#feed'
import type { Act, Clock, Meter } from '#kernel'
import type { Keyring } from '#keyring'
import type { Storage } from '#storage'
import '../events.ts'
import type { Language } from '../languages/languages.ts'
import { type LetterKind, type Letters, writeLetter } from './letters.ts'
import { deleteLetter, type Letter, listDueLetters, takeLetter } from './outbox.store.ts'
import { mailPurpose } from './outbox.ts'
import { isPermanent, type Post } from './post.ts'

/** There with a mail server and without, so that whoever watches sees a zero. */
export const countLetters = (meter: Meter) =>
  meter.counter('authentication_letters_total', 'Letters to people by kind and outcome', ['kind', 'outcome'])

export interface DeliveryDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly letters: ReturnType<typeof countLetters>
  readonly keyring: Pick<Keyring, 'unseal'>
  readonly post: Post
  readonly onError: (where: string, error: unknown) => void
}

const everyMs = 1_000
const atOnce = 5
const waitsMs = [5_000, 30_000, 120_000, 600_000, 3_600_000]
const act: Act = { actor: { type: 'system', name: 'mail' }, requestId: 'mail' }

/**
 * Sends what is in the outbox: soon after it was put there, again after a failure with growing waits, each letter by one node
 * at a time. At least once: a crash between the server's taking it and our note of that sends it again.
 */
export class MailDelivery {
  readonly #deps: DeliveryDeps
  readonly #letters
  readonly #timer: NodeJS.Timeout
  #running: Promise<void> | undefined
  #stopping = false

  constructor(deps: DeliveryDeps) {
    this.#deps = deps
    this.#letters = deps.letters
    this.#timer = setInterval(() => void this.hurry(), everyMs)
    this.#timer.unref()
  }

  /** Sends what is due now; resolves when that is done. */
  hurry(): Promise<void> {
    if (this.#stopping) return Promise.resolve()
    this.#running ??= this.#run()
      .catch((error) => this.#deps.onError('mail', error))
      .finally(() => {
        this.#running = undefined
      })
    return this.#running
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearInterval(this.#timer)
    await this.#running
    this.#deps.post.close()
  }

  async #run(): Promise<void> {
    const { storage, clock } = this.#deps
    for (;;) {
      const due = await listDueLetters(storage.db, clock.nowMs(), atOnce)
      await Promise.all(due.map((letter) => this.#send(letter)))
      if (due.length < atOnce || this.#stopping) return
    }
  }

  async #send(letter: Letter): Promise<void> {
    const { storage, clock, keyring, post, onError } = this.#deps
    const kind = letter.kind as LetterKind
    const waitMs = waitsMs[Math.min(letter.attempts, waitsMs.length - 1)] as number
    const next = clock.nowMs() + waitMs
    if (!(await storage.transact((tx) => takeLetter(tx, letter, next)))) return
    let problem: unknown
    try {
      const { name, values, language } = JSON.parse(
        Buffer.from(await keyring.unseal(mailPurpose, letter.sealed, letter.id)).toString('utf8'),
      ) as { name: string; values: Letters[LetterKind]; language?: Language }
      await post.send(letter.recipient, writeLetter(kind, name, values, language))
    } catch (error) {
      problem = error
      onError('mail', error)
    }
    if (problem !== undefined && !isPermanent(problem) && next < letter.untilMs) {
      this.#letters.inc({ kind, outcome: 'retried' })
      return
    }
    const outcome = problem === undefined ? 'sent' : 'undeliverable'
    this.#letters.inc({ kind, outcome })
    await storage.transact(async (tx) => {
      await deleteLetter(tx, letter.id)
      await record(tx, act, {
        type: problem === undefined ? 'authentication.letter_sent' : 'authentication.letter_undeliverable',
        atMs: clock.nowMs(),
        organizationId: letter.organizationId,
        object:
          letter.userId === undefined
            ? { type: 'Organization', id: letter.organizationId }
            : { type: 'User', id: letter.userId },
        outcome: problem === undefined ? 'success' : 'failure',
        data: { about: kind, attempts: letter.attempts + 1 },
        touches: [],
      })
    })
  }
}
