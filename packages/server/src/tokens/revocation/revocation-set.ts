import type { Clock } from '#kernel'
import type { Revocation } from './revocation.store.ts'

/** What a token or stored artifact hangs on. */
export interface RevocationSubject {
  readonly token?: string
  /** Tokens that it was exchanged for. */
  readonly sources?: readonly string[] | undefined
  readonly grantId?: string
  readonly sessionId?: string
  /** User, client, actor: whoever must still be in force. */
  readonly principals: readonly string[]
  readonly organizationId?: string
  /** Milliseconds; tokens count in whole seconds, so a token of the very second of a revocation dies with the older ones. */
  readonly issuedAtMs: number
}

/** The revocations in memory: asked on every request, changed by the feed. No I/O. */
export class RevocationSet {
  readonly #clock: Clock
  readonly #entries = new Map<string, Revocation>()
  readonly #listeners = new Set<(revocation: Revocation) => void>()
  /** Counts changes: a cached answer of an older count is asked again. */
  generation = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  /** Whoever is barred stays so, unless it lifts that. */
  add(revocation: Revocation): void {
    if (revocation.beforeMs !== undefined && revocation.lifts !== true && this.#isBarred(revocation)) return
    this.#entries.set(`${revocation.kind} ${revocation.id}`, revocation)
    this.generation++
    for (const listener of this.#listeners) listener(revocation)
  }

  all(): IterableIterator<Revocation> {
    return this.#entries.values()
  }

  /** Tells of each that is added, at once; the listener must not throw. Returns what ends it. */
  onAdd(listener: (revocation: Revocation) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Whether anything that the subject hangs on has been revoked since it was issued. */
  covers(subject: RevocationSubject): boolean {
    if (this.#entries.size === 0) return false
    const { token, sources, grantId, sessionId, principals, organizationId, issuedAtMs } = subject
    if (token !== undefined && this.#hits('token', token, issuedAtMs)) return true
    if (sources?.some((id) => this.#hits('token', id, issuedAtMs))) return true
    if (grantId !== undefined && this.#hits('grant', grantId, issuedAtMs)) return true
    if (sessionId !== undefined && this.#hits('session', sessionId, issuedAtMs)) return true
    if (sessionId !== undefined && principals.some((id) => this.#hitsSessions(id, sessionId, issuedAtMs))) return true
    for (const id of principals) if (this.#hits('principal', id, issuedAtMs)) return true
    return organizationId !== undefined && this.#hits('organization', organizationId, issuedAtMs)
  }

  /** Forgets what has ended. */
  sweep(): void {
    const nowMs = this.#clock.nowMs()
    for (const [key, entry] of this.#entries) if (entry.untilMs < nowMs) this.#entries.delete(key)
  }

  has(kind: Revocation['kind'], id: string): boolean {
    return this.#entries.has(`${kind} ${id}`)
  }

  /** Whether somebody, or a whole organization, is out of force altogether, and not only what was issued up to some moment. */
  bars(kind: 'principal' | 'organization', id: string): boolean {
    return this.#isBarred({ kind, id })
  }

  #isBarred({ kind, id }: Pick<Revocation, 'kind' | 'id'>): boolean {
    const entry = this.#entries.get(`${kind} ${id}`)
    return entry !== undefined && entry.beforeMs === undefined
  }

  #hitsSessions(userId: string, sessionId: string, issuedAtMs: number): boolean {
    const entry = this.#entries.get(`sessions ${userId}`)
    return entry !== undefined && entry.except !== sessionId && issuedAtMs <= (entry.beforeMs ?? issuedAtMs)
  }

  #hits(kind: Revocation['kind'], id: string, issuedAtMs: number): boolean {
    const entry = this.#entries.get(`${kind} ${id}`)
    return entry !== undefined && (entry.beforeMs === undefined || issuedAtMs <= entry.beforeMs)
  }
}
