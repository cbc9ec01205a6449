import type { Feed, FeedEvent, Follower } from '#feed'
import type { ApplicationId, Clock, GrantId } from '#kernel'
import type { ConsistencyToken, Storage } from '#storage'
import { loadBuiltin } from '../builtin/builtin.ts'
import { findCycle } from '../entities/cycles.ts'
import { DirectoryEntities } from '../entities/directory.ts'
import type { EntitySource, EntityUid, OwnedEntity } from '../entities/source.ts'
import { findGrant, loadGrants } from '../grants/grant.store.ts'
import type { Grant } from '../grants/grant.ts'
import { GrantLinks } from '../grants/grant-links.ts'
import { ApplicationPolicies } from './application.ts'
import type { ActiveBundle, BundleSource } from './bundle-source.ts'
import { type Decision, type DecisionRequest, decide } from './decision.ts'

export interface SnapshotDeps {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly sources: readonly EntitySource[]
  readonly bundles: BundleSource
}

type Change = () => void
/** An entity as it was just read; without `owned` it is gone. */
interface Read {
  readonly uid: EntityUid
  readonly owned: OwnedEntity | undefined
}
const keyOf = ({ type, id }: EntityUid) => `${type}\n${id}`

/**
 * Everything a decision needs, in memory: the directory's entities, grants, applications' bundles and resources. Follows the
 * feed and reads again from the database what an event touches; each batch of events takes effect at once.
 */
export class Snapshot {
  readonly builtin = loadBuiltin()
  readonly directory: DirectoryEntities
  readonly #grants: GrantLinks
  readonly #applications = new Map<ApplicationId, ApplicationPolicies>()
  readonly #applicationOfGrant = new Map<GrantId, ApplicationId>()
  readonly #deps: SnapshotDeps
  readonly #sources = new Map<string, EntitySource>()
  #follower: Follower | undefined

  private constructor(deps: SnapshotDeps) {
    this.#deps = deps
    for (const source of deps.sources) for (const type of source.types) this.#sources.set(type, source)
    this.directory = new DirectoryEntities([...this.#sources.keys()])
    this.#grants = new GrantLinks(this.builtin.newPolicySet())
  }

  /** Loads everything, then follows. Resolves when the snapshot can be decided upon. */
  static async open(deps: SnapshotDeps): Promise<Snapshot> {
    const snapshot = new Snapshot(deps)
    // INVARIANT: the mark is taken before the reading, so no event is missed; one seen twice is harmless.
    const { position } = await deps.storage.readMark()
    await snapshot.#load()
    snapshot.#follower = await deps.feed.follow({
      name: 'authorization',
      after: position,
      handle: (events) => snapshot.#handle(events),
    })
    return snapshot
  }

  /** Resolves once every change up to `token` can be seen. @throws {Fault} `feed.behind`, `feed.token_invalid` */
  async waitFor(token: ConsistencyToken, withinMs: number): Promise<void> {
    await this.#deps.feed.waitFor(this.#follower as Follower, token, withinMs)
  }

  /** The newest feed position that decisions see. */
  get position(): number {
    return this.#follower?.position ?? 0
  }

  /** An application's part; undefined when there is no such application. */
  application(id: ApplicationId): ApplicationPolicies | undefined {
    return this.#applications.get(id)
  }

  /** The grants of built-in roles. */
  grants(nowMs: number): GrantLinks {
    this.#grants.settle(nowMs)
    return this.#grants
  }

  /** Decides one of Gatehouse's own actions. */
  decideOwn(request: DecisionRequest, nowMs: number): Decision {
    const { policies } = this.grants(nowMs)
    return decide(policies, this.directory.all, this.builtin.hash, request, this.directory.stateOf(request.principal))
  }

  /** Whether `uid` is `scope` or lies in it, by the whole directory. */
  isWithin(uid: EntityUid, scope: EntityUid): boolean {
    if (uid.type === scope.type && uid.id === scope.id) return true
    return this.directory.all.lineage(uid.type, uid.id).has(scope.type, scope.id)
  }

  async #load(): Promise<void> {
    const { storage, clock, sources, bundles } = this.#deps
    const odd = new Map<string, Read>()
    for (const source of sources) {
      for await (const owned of source.loadAll(storage.db)) {
        try {
          this.#putEntity(owned)
        } catch (error) {
          const { uid } = owned.entity
          odd.set(keyOf(uid), { uid, owned })
          if (findCycle([uid], (other) => this.#parentsOf(other, odd)) === undefined) throw error
        }
      }
    }
    await this.#readUntilWhole(odd)
    this.#putEntities(odd)
    for await (const bundle of bundles.loadAllActive(storage.db)) this.#activate(bundle.applicationId, bundle)
    for await (const grant of loadGrants(storage.db, clock.nowMs())) this.#putGrant(grant)
  }

  async #handle(events: readonly FeedEvent[]): Promise<void> {
    const { storage, bundles } = this.#deps
    const seen = new Set<string>()
    const entities = new Map<string, Read>()
    const changes: Change[] = []
    for (const event of events) {
      for (const { type, id } of event.touches) {
        const uid = { type, id }
        const key = keyOf(uid)
        if (seen.has(key)) continue
        seen.add(key)
        const source = this.#sources.get(type)
        if (source !== undefined) {
          entities.set(key, { uid, owned: await source.load(storage.db, uid) })
        } else if (type === 'Grant') {
          const grant = await findGrant(storage.db, id as GrantId)
          changes.push(() => (grant === undefined ? this.#removeGrant(id as GrantId) : this.#putGrant(grant)))
        } else if (type === 'Bundle') {
          const bundle = await bundles.loadActive(storage.db, id as ApplicationId)
          changes.push(() => this.#activate(id as ApplicationId, bundle))
        }
      }
    }
    await this.#readUntilWhole(entities)
    // INVARIANT: nothing is awaited from here on: no decision sees half a batch.
    this.#putEntities(entities)
    for (const change of changes) change()
  }

  /**
   * Entities are read one after another, as they are then, so that what is read may be newer than what is held of others:
   * together they can have a cycle that the database never had. Reads the entities of such a cycle again until there is none.
   */
  async #readUntilWhole(entities: Map<string, Read>): Promise<void> {
    for (let turn = 0; turn < 100; turn++) {
      const cycle = findCycle(
        [...entities.values()].map(({ uid }) => uid),
        (uid) => this.#parentsOf(uid, entities),
      )
      if (cycle === undefined) return
      for (const uid of cycle) {
        const owned = await this.#sources.get(uid.type)?.load(this.#deps.storage.db, uid)
        entities.set(keyOf(uid), { uid, owned })
      }
    }
  }

  #parentsOf(uid: EntityUid, entities: ReadonlyMap<string, Read>): readonly EntityUid[] {
    const read = entities.get(keyOf(uid))
    if (read !== undefined) return read.owned?.entity.parents ?? []
    return this.directory.find(uid)?.parents ?? []
  }

  /** Puts all or removes them. Whole as they are together, one by one they might meet what is older of another. */
  #putEntities(entities: ReadonlyMap<string, Read>): void {
    for (const { uid } of entities.values()) this.directory.remove(uid)
    for (const { uid, owned } of entities.values()) {
      if (owned === undefined) this.#removeEntity(uid)
      else this.#putEntity(owned)
    }
  }

  #putEntity(owned: OwnedEntity): void {
    this.directory.put(owned)
    const { uid } = owned.entity
    if (uid.type !== 'Application' || owned.organizationId === undefined) return
    const id = uid.id as ApplicationId
    if (this.#applications.get(id)?.organizationId === owned.organizationId) return
    this.#applications.set(id, new ApplicationPolicies(id, owned.organizationId, this.directory))
  }

  #removeEntity(uid: EntityUid): void {
    this.directory.remove(uid)
    if (uid.type === 'Application') this.#applications.delete(uid.id as ApplicationId)
  }

  #activate(id: ApplicationId, bundle: ActiveBundle | undefined): void {
    this.#applications.get(id)?.activate(bundle)
  }

  #putGrant(grant: Grant): void {
    const nowMs = this.#deps.clock.nowMs()
    if (grant.applicationId === undefined) {
      this.#grants.put(grant, nowMs)
      return
    }
    this.#applicationOfGrant.set(grant.id, grant.applicationId)
    this.#applications.get(grant.applicationId)?.putGrant(grant, nowMs)
  }

  #removeGrant(id: GrantId): void {
    this.#grants.remove(id)
    const application = this.#applicationOfGrant.get(id)
    if (application === undefined) return
    this.#applicationOfGrant.delete(id)
    this.#applications.get(application)?.removeGrant(id)
  }
}
