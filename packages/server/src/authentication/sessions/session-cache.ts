import type { FeedEvent } from '#feed'
import type { OrganizationId, UserId } from '#kernel'
import type { Person } from '../deps.ts'
import type { Session, SessionId } from './session.ts'

export interface KnownSession {
  readonly session: Session
  readonly person: Person
}

const most = 20_000

/**
 * Live sessions by their key, so that a gateway's question costs no SQL. Follows the feed: whatever ends a session or
 * touches its user drops the entry.
 */
export class SessionCache {
  readonly #byKey = new Map<string, KnownSession>()
  readonly #keysOfUser = new Map<UserId, Set<string>>()
  readonly #keyOfSession = new Map<SessionId, string>()
  #generation = 0

  /** Take it before reading from the database, hand it to `put` with what was read. */
  get generation(): number {
    return this.#generation
  }

  get(keyHash: string): KnownSession | undefined {
    return this.#byKey.get(keyHash)
  }

  /** INVARIANT: keeps nothing that was read before an invalidation, since the reader may have seen the state before it. */
  put(keyHash: string, known: KnownSession, generation: number): void {
    if (generation !== this.#generation) return
    this.#drop(keyHash)
    if (this.#byKey.size >= most) this.#drop(this.#byKey.keys().next().value as string)
    this.#byKey.set(keyHash, known)
    this.#keyOfSession.set(known.session.id, keyHash)
    const keys = this.#keysOfUser.get(known.session.userId) ?? new Set()
    this.#keysOfUser.set(known.session.userId, keys.add(keyHash))
  }

  forgetSession(session: SessionId): void {
    this.#generation++
    const key = this.#keyOfSession.get(session)
    if (key !== undefined) this.#drop(key)
  }

  forgetUser(user: UserId): void {
    this.#generation++
    for (const key of [...(this.#keysOfUser.get(user) ?? [])]) this.#drop(key)
  }

  forgetOrganization(organization: OrganizationId): void {
    this.#generation++
    for (const [key, { session }] of this.#byKey) if (session.organizationId === organization) this.#drop(key)
  }

  /** Drops whatever the events may have changed. */
  apply(events: readonly FeedEvent[]): void {
    for (const { type, object } of events) {
      if (object.type === 'Session') this.forgetSession(object.id as SessionId)
      else if (object.type === 'User' && !quiet.has(type)) this.forgetUser(object.id as UserId)
      else if (object.type === 'Organization' && type.startsWith('directory.'))
        this.forgetOrganization(object.id as OrganizationId)
    }
  }

  #drop(keyHash: string): void {
    const known = this.#byKey.get(keyHash)
    if (known === undefined) return
    this.#byKey.delete(keyHash)
    this.#keyOfSession.delete(known.session.id)
    const keys = this.#keysOfUser.get(known.session.userId)
    keys?.delete(keyHash)
    if (keys?.size === 0) this.#keysOfUser.delete(known.session.userId)
  }
}

/** Events about a user that change nothing a session shows: attackers cause them, and must not empty the cache. */
const quiet: ReadonlySet<string> = new Set(['authentication.rejected', 'authentication.throttled'])
