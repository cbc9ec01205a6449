import { AsyncLocalStorage } from 'node:async_hooks'
import type { Act, Clock } from '#kernel'
import type { Storage, Tx } from '#storage'
import {
  consumeArtifact,
  deleteArtifact,
  findArtifact,
  insertArtifact,
  insertUnique,
  listWaiting,
  putArtifact,
} from '../artifacts/artifact.store.ts'
import type { Artifact } from '../artifacts/artifact.ts'
import type { Admitted } from '../workloads/assertion.ts'

/** What a request found used up, when it came to commit: another request was first. */
export class Replayed extends Error {
  readonly artifact: Pick<Artifact, 'kind' | 'grantId' | 'clientId' | 'subject'>
  constructor(artifact: Replayed['artifact']) {
    super(`${artifact.kind} was used before`)
    this.artifact = artifact
  }
}

/** A token that this request hands out, as its event tells of it. */
export interface IssuedToken {
  readonly kind: 'access_token' | 'refresh_token'
  readonly format: 'jwt' | 'opaque'
  /** The artifact's key: a hash, never the token. */
  readonly hash: string
  readonly scope: string | undefined
  readonly audience: string | undefined
  readonly expiresAtMs: number
  readonly grantId: string | undefined
  readonly sessionId: string | undefined
}

interface Write {
  readonly run: (tx: Tx) => Promise<void>
  /** Whether a refused request still does it: only what takes rights away. */
  readonly evenIfRefused: boolean
}

/** A JWT access token that the caller presents and that has been verified; the provider knows it by `handle`. */
export interface PresentedToken {
  readonly handle: string
  /** The provider's model that it is: the others need not look for it. */
  readonly kind: 'AccessToken' | 'ClientCredentials'
  readonly jti: string
  readonly issuedAtSeconds: number
  /** At userinfo the provider takes only tokens without an audience: ours have one, and serve there too. */
  readonly withAudience: boolean
}

/** A token in exchange for another (RFC 8693), or for an assertion of an outside issuer (RFC 7523). */
export interface Exchanged {
  readonly grantType: string
  readonly subject: string
  /** Who acts for the subject, the present one first. */
  readonly actors: readonly string[]
  /** Artifact ids of the tokens it came from. */
  readonly sources: readonly string[]
  /** What it ends with: the subject's grant, or the trust in an outside issuer. */
  readonly grantId: string | undefined
  readonly sessionId: string | undefined
  /** Claims beyond the usual, instead of what the client alone would get. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The outside workload, where it is one. */
  readonly workload?: { readonly trustId: string; readonly issuer: string; readonly subject: string }
}

const units = new AsyncLocalStorage<Unit>()

/**
 * All that one request to the provider writes: gathered while it runs, committed in one transaction before the reply.
 * INVARIANT: no token leaves whose artifact and event are not committed, and nothing is used up (a code, a refresh token)
 * unless what it was used for is committed with it. A crash before the commit leaves nothing; after it, everything.
 */
export class Unit {
  /** Who sends the request, as far as our own identities go: for what the request causes elsewhere. */
  readonly act: Act
  readonly issued: IssuedToken[] = []
  presented: PresentedToken | undefined
  /** What the token of this request was exchanged for, once it is settled. */
  exchange: Exchanged | undefined
  /** The outside workload that sends the request, once it is let in: it needs no other proof of being that machine. */
  federated: Admitted | undefined
  reuseDetected = false
  /** Whether the refusal of this request is on the record by an event of its own. */
  recordsRefusal = false
  readonly #deps: { storage: Storage; clock: Clock }
  readonly #writes: Write[] = []
  readonly #pending = new Map<string, Artifact | undefined>()
  readonly #after: (() => void | Promise<void>)[] = []
  readonly #inserted: Artifact[] = []
  readonly #onceKeys = new Set<string>()

  constructor(deps: { storage: Storage; clock: Clock }, act: Act) {
    this.#deps = deps
    this.act = act
  }

  static find(): Unit | undefined {
    return units.getStore()
  }

  /** The unit of the request that this code runs for. @throws {TypeError} outside any request */
  static current(): Unit {
    const unit = units.getStore()
    if (unit === undefined) throw new TypeError('the token store is used outside a request')
    return unit
  }

  run<T>(body: () => Promise<T>): Promise<T> {
    return units.run(this, body)
  }

  /** The one new artifact that is all this request writes; undefined when it writes anything else. */
  get only(): Artifact | undefined {
    const [one, more] = this.#inserted
    return more === undefined && this.#writes.length === 1 && this.#after.length === 0 ? one : undefined
  }

  /**
   * What is stored under `id`, as this request has left it so far.
   * @param endedMs how long ago it may have ended, for who is to be told that it has
   */
  async find(id: string, endedMs = 0): Promise<Artifact | undefined> {
    if (this.#pending.has(id)) return this.#pending.get(id)
    return findArtifact(this.#deps.storage.db, id, this.#deps.clock.nowMs() - endedMs)
  }

  /** What waits for this person's answer, of this kind. */
  waiting(kind: string, userId: string): Promise<Artifact[]> {
    return listWaiting(this.#deps.storage.db, kind, userId, this.#deps.clock.nowMs())
  }

  put(artifact: Artifact): void {
    this.#pending.set(artifact.id, artifact)
    this.#add((tx) => putArtifact(tx, artifact))
  }

  insert(artifact: Artifact): void {
    this.#pending.set(artifact.id, artifact)
    this.#inserted.push(artifact)
    this.#add((tx) => insertArtifact(tx, artifact))
  }

  /** The first to commit an artifact with this id wins; the others fail with `Replayed`. */
  claim(artifact: Artifact): void {
    this.#pending.set(artifact.id, artifact)
    this.#add(async (tx) => {
      if (!(await insertUnique(tx, artifact))) throw new Replayed(artifact)
    }, true)
  }

  consume(artifact: Artifact, graceMs: number): void {
    const nowMs = this.#deps.clock.nowMs()
    this.#pending.set(artifact.id, { ...artifact, consumedAtMs: artifact.consumedAtMs ?? nowMs })
    this.#add(async (tx) => {
      if (!(await consumeArtifact(tx, artifact.id, nowMs, graceMs))) throw new Replayed(artifact)
    })
  }

  /** What this request uses up is no longer there: it fails with `Replayed`. */
  consumeGone(kind: Artifact['kind']): void {
    this.#add(async () => {
      throw new Replayed({ kind, grantId: undefined, clientId: undefined, subject: undefined })
    })
  }

  delete(id: string, evenIfRefused = false): void {
    this.#pending.set(id, undefined)
    this.#add((tx) => deleteArtifact(tx, id), evenIfRefused)
  }

  /** Takes rights away: done once per `key`, and even when the request is refused. @returns false when already asked for */
  revoke(key: string, run: (tx: Tx) => Promise<void>): boolean {
    if (this.#onceKeys.has(key)) return false
    this.#onceKeys.add(key)
    this.#add(run, true)
    return true
  }

  /** More for the same transaction, when the request succeeds. */
  also(run: (tx: Tx) => Promise<void>): void {
    this.#add(run)
  }

  /** Is written when the request is refused: the record of that. */
  recordRefusal(run: (tx: Tx) => Promise<void>): void {
    this.recordsRefusal = true
    this.#add(run, true)
  }

  afterCommit(run: () => void | Promise<void>): void {
    this.#after.push(run)
  }

  /**
   * Commits what belongs to a reply with this status: all of it, for a refusal (4xx) only what takes rights away, for a
   * failure (5xx) nothing.
   * @param also more for the same transaction when the request succeeded, such as its event
   * @throws {Replayed} when another request used up first what this one uses; then nothing is committed
   */
  async commit(status: number, also?: (tx: Tx) => Promise<void>): Promise<void> {
    if (status >= 500) return
    const writes = status >= 400 ? this.#writes.filter((write) => write.evenIfRefused) : this.#writes
    const more = status < 400 ? also : undefined
    if (writes.length > 0 || more !== undefined)
      await this.#deps.storage.transact(async (tx) => {
        for (const write of writes) await write.run(tx)
        await more?.(tx)
      })
    for (const run of this.#after) await run()
  }

  #add(run: (tx: Tx) => Promise<void>, evenIfRefused = false): void {
    this.#writes.push({ run, evenIfRefused })
  }
}
