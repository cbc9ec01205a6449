import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { deleteClaimsBefore, findClaim, saveClaimAnswer } from '#feed'
import { type Act, type Clock, type Entropy, Fault, isFault, type OnceKey, randomToken } from '#kernel'
import { definePurposes, type Keyring } from '#keyring'
import type { Storage } from '#storage'
import { Answer, type AnswerOptions } from './operation.ts'
import './faults.ts'

const purpose = 'web.answers'
definePurposes({ [purpose]: 'Answers kept for requests with an Idempotency-Key' })
/** How long a key is remembered. */
export const rememberMs = 24 * 3_600_000
/** A claim without an answer is taken for running on another node this long. */
const graceMs = 10_000
const keyShape = /^[\x21-\x7e]{1,255}$/

interface Kept {
  readonly body?: unknown
  readonly with?: AnswerOptions
  readonly fault?: { code: string; detail?: string; extra?: Record<string, unknown> }
}

/** The sender's Idempotency-Key, for a change by somebody with an identity. @throws {Fault} `web.invalid` */
export function readOnceKey(request: FastifyRequest, act: Act, entropy: Entropy): OnceKey | undefined {
  const given = request.headers['idempotency-key']
  if (given === undefined || request.method !== 'POST' || act.actor.type === 'anonymous') return undefined
  if (typeof given !== 'string' || !keyShape.test(given))
    throw new Fault('web.invalid', { detail: 'Idempotency-Key must be 1 to 255 visible ASCII characters' })
  const { actor } = act
  const digest = createHash('sha256').update(JSON.stringify([request.method, request.url, request.body ?? null]))
  return {
    scope: `${actor.type}:${'id' in actor ? actor.id : actor.name}`,
    key: given,
    fingerprint: digest.digest('base64url'),
    attempt: randomToken(entropy, 16),
  }
}

/**
 * Lets a request with an Idempotency-Key take effect once. `record` claims the key in the transaction of the change; the
 * answer is kept before it is sent. Crash states: before the commit, nothing happened and a repetition runs; after it and
 * before the answer is kept, a repetition is told what was done (`web.answer_lost`) and changes nothing; later, it gets
 * the same answer. A request that changed nothing keeps nothing and runs again.
 */
export class OnceGuard {
  readonly #deps: { storage: Storage; clock: Clock; keyring: Keyring }
  readonly #running = new Set<string>()

  constructor(deps: { storage: Storage; clock: Clock; keyring: Keyring }) {
    this.#deps = deps
  }

  /** @throws {Fault} `web.idempotency_mismatch`, `web.idempotency_running`, `web.answer_lost`, what `run` throws */
  async run(once: OnceKey, run: () => Promise<unknown>): Promise<unknown> {
    const place = `${once.scope} ${once.key}`
    if (this.#running.has(place)) throw new Fault('web.idempotency_running', { retryAfterSeconds: 1 })
    this.#running.add(place)
    try {
      const kept = await this.#find(once)
      if (kept !== undefined) return replay(kept)
      return await this.#runAndKeep(once, run)
    } finally {
      this.#running.delete(place)
    }
  }

  /** Forgets old keys, a thousand a transaction. */
  async expire(): Promise<void> {
    const { storage, clock } = this.#deps
    while ((await storage.transact((tx) => deleteClaimsBefore(tx, clock.nowMs() - rememberMs, 1_000))) > 0);
  }

  async #find(once: OnceKey): Promise<Kept | undefined> {
    const { storage, clock, keyring } = this.#deps
    const claim = await findClaim(storage.db, once.scope, once.key)
    if (claim === undefined) return undefined
    if (claim.fingerprint !== once.fingerprint) throw new Fault('web.idempotency_mismatch')
    if (claim.answer === undefined) {
      if (clock.nowMs() - claim.atMs < graceMs) throw new Fault('web.idempotency_running', { retryAfterSeconds: 2 })
      const extra = { object: claim.object, firstRequestId: claim.requestId }
      throw new Fault('web.answer_lost', { extra })
    }
    const plain = await keyring.unseal(purpose, claim.answer, `${once.scope} ${once.key}`)
    return JSON.parse(Buffer.from(plain).toString('utf8')) as Kept
  }

  async #runAndKeep(once: OnceKey, run: () => Promise<unknown>): Promise<unknown> {
    try {
      const answered = await run()
      const answer = answered instanceof Answer ? { body: answered.body, with: answered.with } : { body: answered }
      await this.#keep(once, answer)
      return answered
    } catch (error) {
      if (isFault(error)) {
        const { code, detail, extra } = error
        await this.#keep(once, { fault: { code, ...(detail && { detail }), ...(extra && { extra }) } })
      }
      throw error
    }
  }

  async #keep(once: OnceKey, kept: Kept): Promise<void> {
    const { storage, keyring } = this.#deps
    const sealed = keyring.seal(purpose, Buffer.from(JSON.stringify(kept)), `${once.scope} ${once.key}`)
    await storage.transact((tx) => saveClaimAnswer(tx, once, sealed))
  }
}

function replay(kept: Kept): Answer<unknown> {
  if (kept.fault !== undefined) throw new Fault(kept.fault.code, kept.fault)
  return new Answer(kept.body, { ...kept.with, replayed: true })
}
