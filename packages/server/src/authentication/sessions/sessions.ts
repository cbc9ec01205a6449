import { record } from '#feed'
import { type Act, Fault, newId, type OrganizationId, randomToken, type UserId } from '#kernel'
import type { Tx } from '#storage'
import type { AuthenticationDeps, Person } from '../deps.ts'
import { forgetDevices } from '../sign-in/remembered.ts'
import {
  deleteSession,
  deleteSessions,
  findSessionById,
  findSessionByKey,
  insertSession,
  listSessions,
  rotateSession,
  touchSession,
} from './session.store.ts'
import { acrOf, hashToken, type Session, type SessionId, sessionLimits } from './session.ts'
import { type KnownSession, SessionCache } from './session-cache.ts'
import '../events.ts'
import '../faults.ts'

type Deps = Pick<AuthenticationDeps, 'storage' | 'clock' | 'entropy' | 'people'>

/** What a session begins with. */
export interface Beginning {
  readonly person: Person
  /** RFC 8176. */
  readonly amr: readonly string[]
  /** As sign-in policies name it. */
  readonly factors: readonly string[]
  /** Name of the identity provider that vouches for it. */
  readonly provider?: string | undefined
  /** When the person was asked, where that was before now. */
  readonly authenticatedAtMs?: number | undefined
  readonly address: string | undefined
  readonly agent: string | undefined
  /** By a browser that this person had not signed in with. */
  readonly newDevice?: boolean
}

/** The sessions of browsers. */
export class Sessions {
  readonly #deps: Deps
  readonly cache: SessionCache = new SessionCache()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * The live session of a token, with its person, who is active. From memory where it can; its last use is written at most
   * once a minute.
   */
  async find(token: string): Promise<KnownSession | undefined> {
    const { storage, clock, people } = this.#deps
    const nowMs = clock.nowMs()
    const keyHash = hashToken(token)
    let known = this.cache.get(keyHash)
    if (known === undefined) {
      const generation = this.cache.generation
      const session = await findSessionByKey(storage.db, keyHash, nowMs)
      const person = session && (await people.find(storage.db, session.userId))
      if (session === undefined || person?.state !== 'active') return undefined
      known = { session, person }
      this.cache.put(keyHash, known, generation)
    }
    const { session } = known
    if (session.expiresAtMs <= nowMs || session.idleUntilMs <= nowMs) return undefined
    if (nowMs - session.seenAtMs < sessionLimits.touchMs) return known
    const generation = this.cache.generation
    const idleUntilMs = Math.min(nowMs + sessionLimits.idleMs, session.expiresAtMs)
    await storage.transact((tx) => touchSession(tx, keyHash, nowMs, idleUntilMs), { lazily: true })
    const touched = { person: known.person, session: { ...session, seenAtMs: nowMs, idleUntilMs } }
    this.cache.put(keyHash, touched, generation)
    return touched
  }

  /** Begins a session in the transaction of the sign-in. The token goes into the cookie and nowhere else. */
  async start(tx: Tx, act: Act, beginning: Beginning): Promise<{ token: string; session: Session }> {
    const { clock, entropy } = this.#deps
    const token = randomToken(entropy)
    const nowMs = clock.nowMs()
    const { person } = beginning
    const session: Session = {
      id: newId('ses', this.#deps),
      organizationId: person.organizationId,
      userId: person.id,
      startedAtMs: nowMs,
      ...this.#proof(nowMs, beginning),
    }
    await insertSession(tx, hashToken(token), session)
    await record(tx, actOfPerson(act, person, session.id), {
      type: 'authentication.signed_in',
      atMs: nowMs,
      organizationId: person.organizationId,
      object: { type: 'Session', id: session.id },
      data: {
        methods: session.amr,
        acr: session.acr,
        session: session.id,
        ...(beginning.newDevice === true && { newDevice: true }),
        ...saysProvider(session),
      },
      touches: [],
    })
    return { token, session }
  }

  /**
   * The same session under a new token, after its person proved who they are again (OWASP ASVS 7.2.4); undefined when it
   * ended meanwhile.
   */
  async rotate(
    tx: Tx,
    act: Act,
    token: string,
    session: Session,
    beginning: Beginning,
  ): Promise<{ token: string; session: Session } | undefined> {
    const { clock, entropy } = this.#deps
    const nowMs = clock.nowMs()
    const fresh = randomToken(entropy)
    const rotated: Session = { ...session, ...this.#proof(nowMs, beginning) }
    if (!(await rotateSession(tx, hashToken(token), hashToken(fresh), rotated))) return undefined
    await record(tx, actOfPerson(act, beginning.person, session.id), {
      type: 'authentication.session_rotated',
      atMs: nowMs,
      organizationId: session.organizationId,
      object: { type: 'Session', id: session.id },
      data: { methods: rotated.amr, acr: rotated.acr, session: session.id },
      touches: [],
    })
    return { token: fresh, session: rotated }
  }

  /** Ends one session; false when it had ended. */
  async end(tx: Tx, act: Act, session: Session, reason: string): Promise<boolean> {
    if (!(await deleteSession(tx, session.id))) return false
    await record(tx, act, {
      type: 'authentication.session_ended',
      atMs: this.#deps.clock.nowMs(),
      organizationId: session.organizationId,
      object: { type: 'Session', id: session.id },
      data: { session: session.id, user: session.userId, reason },
      touches: [],
    })
    return true
  }

  /** Ends a user's sessions, but for one where it is given. On record even when there is none: tokens end with it too. */
  async endAll(
    tx: Tx,
    act: Act,
    organization: OrganizationId,
    user: UserId,
    reason: string,
    except?: SessionId,
  ): Promise<number> {
    const count = await deleteSessions(tx, organization, user, except)
    await forgetDevices(tx, this.#deps, act, { id: user, organizationId: organization }, reason)
    await record(tx, act, {
      type: 'authentication.sessions_ended',
      atMs: this.#deps.clock.nowMs(),
      organizationId: organization,
      object: { type: 'User', id: user },
      data: { reason, count, ...(except !== undefined && { except }) },
      touches: [],
    })
    return count
  }

  list(organization: OrganizationId, user: UserId): Promise<Session[]> {
    return listSessions(this.#deps.storage.db, organization, user, this.#deps.clock.nowMs())
  }

  /** The live session of a public id, if its person is active. */
  async findById(id: string): Promise<Session | undefined> {
    const { storage, clock, people } = this.#deps
    const session = await findSessionById(storage.db, id as SessionId, clock.nowMs())
    const person = session && (await people.find(storage.db, session.userId))
    return person?.state === 'active' ? session : undefined
  }

  /** @throws {Fault} `authentication.session_unknown` */
  async require(id: string, user: UserId): Promise<Session> {
    const session = await findSessionById(this.#deps.storage.db, id as SessionId, this.#deps.clock.nowMs())
    if (session === undefined || session.userId !== user) throw new Fault('authentication.session_unknown')
    return session
  }

  #proof(nowMs: number, { person, amr, factors, provider, authenticatedAtMs, address, agent }: Beginning) {
    const minutes = person.organization.rules.sessionMinutes
    const absoluteMs = minutes === undefined ? sessionLimits.absoluteMs : minutes * 60_000
    return {
      authenticatedAtMs: authenticatedAtMs ?? nowMs,
      seenAtMs: nowMs,
      idleUntilMs: nowMs + Math.min(sessionLimits.idleMs, absoluteMs),
      expiresAtMs: nowMs + absoluteMs,
      amr: [...amr],
      acr: acrOf(amr),
      factors: [...factors],
      provider,
      address,
      agent: agent?.slice(0, 200),
    }
  }
}

const saysProvider = ({ provider }: Session) => (provider === undefined ? {} : { provider })

/** The act as the person's own, once they have proved who they are. */
export function actOfPerson(act: Act, person: Person, sessionId?: string): Act {
  return {
    ...act,
    actor: { type: 'user', id: person.id, organizationId: person.organizationId, name: person.username },
    ...(sessionId !== undefined && { sessionId }),
  }
}
