import type { Feed } from '#feed'
import type { ApplicationId } from '#kernel'
import type { Storage } from '#storage'
import type { ApplicationDirectory, GatewaySession, ProtectedApplication, SessionFinder } from './ports.ts'
import { RouteTable } from './route-table.ts'

export interface KnownApplication {
  readonly application: ProtectedApplication
  readonly routes: RouteTable
}

const sessionsMost = 50_000
/** A session ends by being idle without an event: what is held of it is asked for again after this long. */
const askAgainMs = 60_000
/** Events about a user that anybody can cause by failing to sign in; they end no session. */
const quiet: ReadonlySet<string> = new Set(['authentication.rejected', 'authentication.throttled'])

/**
 * What the gateway's questions need, in memory: protected applications by origin, and sessions by id once they were asked for.
 * Follows the feed: a change of an application is read again; whatever ends a session or touches its person forgets it.
 */
export class GatewayMemory {
  readonly #byOrigin = new Map<string, KnownApplication>()
  readonly #byId = new Map<ApplicationId, KnownApplication>()
  readonly #sessions = new Map<string, { readonly session: GatewaySession; readonly askedAtMs: number }>()
  readonly #listeners = new Set<(id: ApplicationId) => void>()
  readonly #finder: SessionFinder
  #generation = 0

  private constructor(finder: SessionFinder) {
    this.#finder = finder
  }

  static async open(deps: {
    readonly storage: Storage
    readonly feed: Feed
    readonly applications: ApplicationDirectory
    readonly sessions: SessionFinder
  }): Promise<GatewayMemory> {
    const { storage, feed, applications } = deps
    const memory = new GatewayMemory(deps.sessions)
    const { position } = await storage.readMark()
    for await (const application of applications.loadAll(storage.db)) memory.#keep(application.id, application)
    await feed.follow({
      name: 'forward-auth',
      after: position,
      handle: async (events) => {
        const touched = new Set<ApplicationId>()
        for (const event of events) {
          for (const { type, id } of event.touches) {
            if (type === 'Application') touched.add(id as ApplicationId)
            if (type === 'Organization') for (const known of memory.#byId.values()) touched.add(known.application.id)
          }
          if (!quiet.has(event.type)) memory.#forgetSessions(event.object)
        }
        for (const id of touched) {
          memory.#keep(id, await applications.load(storage.db, id))
          for (const listener of memory.#listeners) listener(id)
        }
      },
    })
    return memory
  }

  byId(id: ApplicationId): KnownApplication | undefined {
    return this.#byId.get(id)
  }

  /** Tells of each application that was read again. Returns what ends it. */
  onChange(listener: (id: ApplicationId) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  byOrigin(origin: string): KnownApplication | undefined {
    return this.#byOrigin.get(origin)
  }

  /** A session by its id, from memory where it can. */
  async session(id: string, nowMs: number): Promise<GatewaySession | undefined> {
    const held = this.#sessions.get(id)
    if (held !== undefined && nowMs - held.askedAtMs < askAgainMs)
      return nowMs < held.session.expiresAtMs ? held.session : undefined
    // INVARIANT: nothing is kept that was read before an invalidation, for the reader may have seen the state before it.
    const generation = this.#generation
    this.#sessions.delete(id)
    const session = await this.#finder.find(id)
    if (session === undefined) return undefined
    if (generation === this.#generation) {
      if (this.#sessions.size >= sessionsMost) this.#sessions.delete(this.#sessions.keys().next().value as string)
      this.#sessions.set(id, { session, askedAtMs: nowMs })
    }
    return nowMs < session.expiresAtMs ? session : undefined
  }

  #forgetSessions({ type, id }: { readonly type: string; readonly id: string }): void {
    if (type !== 'Session' && type !== 'User' && type !== 'Organization') return
    this.#generation++
    if (type === 'Session') this.#sessions.delete(id)
    else if (type === 'Organization') this.#sessions.clear()
    else for (const [key, { session }] of this.#sessions) if (session.userId === id) this.#sessions.delete(key)
  }

  #keep(id: ApplicationId, application: ProtectedApplication | undefined): void {
    const before = this.#byId.get(id)
    if (before !== undefined) {
      this.#byId.delete(id)
      for (const origin of before.application.origins)
        if (this.#byOrigin.get(origin) === before) this.#byOrigin.delete(origin)
    }
    if (application === undefined) return
    const known = { application, routes: new RouteTable(application.routes) }
    this.#byId.set(id, known)
    for (const origin of application.origins) this.#byOrigin.set(origin, known)
  }
}
