import { entityFromJson } from '@gatehouse/cedar'
import type { Feed, FeedEvent, Follower, ObjectRef } from '#feed'
import { type ApplicationId, type Clock, type GrantId, isId } from '#kernel'
import type { ConsistencyToken, Storage } from '#storage'
import { loadBuiltin } from '../builtin/builtin.ts'
import { ApplicationView } from '../entities/application-view.ts'
import { DirectoryEntities } from '../entities/directory.ts'
import type { EntitySource, EntityUid } from '../entities/source.ts'
import { findGrant, loadGrants } from '../grants/grant.store.ts'
import type { Grant } from '../grants/grant.ts'
import { GrantLinks } from '../grants/grant-links.ts'
import { findResources, loadResources } from '../resources/resource.store.ts'
import { readResourceRef } from '../resources/resource-ref.ts'
import { ApplicationPolicies } from './application.ts'
import type { ActiveBundle, BundleSource } from './bundle-source.ts'
import { type Decision, type DecisionRequest, decide } from './decision.ts'
import { type EntityRead, EntityReads } from './entity-reads.ts'
import { RememberedRights } from './remembered-rights.ts'

export interface SnapshotDeps {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly sources: readonly EntitySource[]
  readonly bundles: BundleSource
  readonly onError: (where: string, error: unknown) => void
}

/** A batch of events as decisions now see it. */
export interface Applied {
  readonly events: readonly FeedEvent[]
  /** Grants of applications that are gone, with whose they were. */
  readonly removedGrants: ReadonlyMap<GrantId, ApplicationId>
  readonly position: number
}

/**
 * Everything a decision needs, in memory: the directory's entities, grants, applications' bundles and resources. Follows the
 * feed and reads again from the database what an event touches; each batch of events takes effect at once.
 */
export class Snapshot {
  readonly builtin = loadBuiltin()
  readonly directory: DirectoryEntities
  readonly #grants: GrantLinks
  readonly #rights: RememberedRights
  readonly #applications = new Map<ApplicationId, ApplicationPolicies>()
  /** Bundles that stand under an organization's own id: its sign-in policies. */
  readonly #organizations = new Map<string, ApplicationPolicies>()
  readonly #deps: SnapshotDeps
  readonly #sources = new Map<string, EntitySource>()
  /** Entities that could not enter, by key. */
  readonly #deferred = new Map<string, EntityRead>()
  readonly #listeners = new Set<(applied: Applied) => void>()
  #removedGrants = new Map<GrantId, ApplicationId>()
  #follower: Follower | undefined

  private constructor(deps: SnapshotDeps) {
    this.#deps = deps
    for (const source of deps.sources) for (const type of source.types) this.#sources.set(type, source)
    this.directory = new DirectoryEntities([...this.#sources.keys()])
    this.#grants = new GrantLinks(this.builtin.newPolicySet())
    this.#rights = new RememberedRights(this.directory)
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

  /** Tells of each batch at once when decisions see it; the listener must not throw. Returns what ends it. */
  onApplied(listener: (applied: Applied) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** How many entities could not enter: their sources gave what is no entity. */
  get leftOut(): number {
    return this.#deferred.size
  }

  /** An application's part; undefined when there is no such application. */
  application(id: ApplicationId): ApplicationPolicies | undefined {
    return this.#applications.get(id)
  }

  /** The sign-in policies of an organization; undefined when it has none. */
  signInPolicies(organizationId: string): ApplicationPolicies | undefined {
    return this.#organizations.get(organizationId)
  }

  /** What the sign-in policies of an organization see: its own people and what they lie in. */
  signInView(organizationId: string): ApplicationView {
    return this.#organizations.get(organizationId)?.view ?? new ApplicationView(this.directory, organizationId)
  }

  /** The grants of built-in roles. */
  grants(nowMs: number): GrantLinks {
    this.#grants.settle(nowMs)
    return this.#grants
  }

  /** Every application's part. */
  applications(): IterableIterator<ApplicationPolicies> {
    return this.#applications.values()
  }

  /** Decides one of Gatehouse's own actions. */
  decideOwn(request: DecisionRequest, nowMs: number): Decision {
    const { policies } = this.grants(nowMs)
    return decide(policies, this.directory.all, this.builtin.hash, request, this.directory.stateOf(request.principal))
  }

  /** Whether a principal may ask for decisions of an application (`decide`), as `decideOwn` decides it. */
  mayAsk(principal: EntityUid, application: ApplicationId, nowMs: number): boolean {
    return this.#rights.may(principal.id, application, this.grants(nowMs), () => {
      const action = { type: 'Gatehouse::Action', id: 'decide' }
      return this.decideOwn({ principal, action, resource: { type: 'Application', id: application } }, nowMs).allow
    })
  }

  /** Whether `uid` is `scope` or lies in it, by the whole directory. */
  isWithin(uid: EntityUid, scope: EntityUid): boolean {
    if (uid.type === scope.type && uid.id === scope.id) return true
    return this.directory.all.lineage(uid.type, uid.id).has(scope.type, scope.id)
  }

  async #load(): Promise<void> {
    const { storage, clock, sources, bundles } = this.#deps
    const { db } = storage
    for (const source of sources) {
      for await (const some of source.loadAll(db))
        for (const owned of some) this.#enter({ uid: owned.entity.uid, application: undefined, owned }, () => undefined)
    }
    for await (const bundle of bundles.loadAllActive(db)) {
      await this.#prepare(bundle)
      this.#activate(bundle.applicationId, bundle)
    }
    for await (const { applicationId: application, entity: resource } of loadResources(db)) {
      this.#enter({ uid: resource.uid, application, resource }, () => undefined)
    }
    const odd = await this.#newReads().untilWhole()
    this.#deferred.clear()
    this.#put(odd)
    for await (const grants of loadGrants(db, clock.nowMs())) for (const grant of grants) this.#putGrant(grant)
  }

  async #handle(events: readonly FeedEvent[]): Promise<void> {
    const { storage, bundles } = this.#deps
    const refs = new Map<string, ObjectRef>()
    for (const event of events) for (const ref of event.touches) refs.set(`${ref.type}\n${ref.id}`, ref)
    const reads = this.#newReads()
    const changes: (() => void)[] = []
    for (const { type, id } of refs.values()) {
      if (this.#sources.has(type)) reads.add(await this.#read({ type, id }, undefined))
      else if (type === 'Grant') {
        const grant = await findGrant(storage.db, id as GrantId)
        changes.push(() => (grant ? this.#putGrant(grant) : this.#removeGrant(id as GrantId)))
      } else if (type === 'Bundle') {
        const bundle = await bundles.loadActive(storage.db, id as ApplicationId)
        await this.#prepare(bundle)
        changes.push(() => this.#activate(id as ApplicationId, bundle))
      }
    }
    for (const [application, uids] of resourcesOf(refs.values())) {
      for (const uid of uids) reads.add({ uid, application })
      for (const resource of await findResources(storage.db, application, uids))
        reads.add({ uid: resource.uid, application, resource })
    }
    const entities = await reads.untilWhole()
    // INVARIANT: nothing is awaited from here on: no decision sees half a batch.
    this.#put(entities)
    for (const change of changes) change()
    const removedGrants = this.#removedGrants
    this.#removedGrants = new Map()
    const position = events.at(-1)?.position ?? this.position
    for (const listener of this.#listeners) listener({ events, removedGrants, position })
  }

  /** What stayed out is tried again with whatever is read next. */
  #newReads(): EntityReads {
    const reads = new EntityReads({
      read: (uid, application) => this.#read(uid, application),
      heldParents: (uid, application) => {
        const view =
          application === undefined ? this.directory.all : this.#applications.get(application)?.view.resources
        return view?.find(uid.type, uid.id)?.parents ?? []
      },
    })
    for (const read of this.#deferred.values()) reads.add(read)
    return reads
  }

  async #read(uid: EntityUid, application: ApplicationId | undefined): Promise<EntityRead> {
    const { db } = this.#deps.storage
    if (application === undefined) return { uid, application, owned: await this.#sources.get(uid.type)?.load(db, uid) }
    const [resource] = await findResources(db, application, [uid])
    return { uid, application, resource }
  }

  /** Puts all or removes them. Whole as they are together, one by one they might meet what is older of another. */
  #put(reads: readonly EntityRead[]): void {
    for (const { uid, application } of reads) {
      if (application === undefined) this.directory.remove(uid)
      else this.#applications.get(application)?.view.remove(uid)
    }
    for (const read of reads) this.#enter(read, (error) => this.#deps.onError('authorization snapshot', error))
  }

  /** An entity that cannot enter stays out, which denies, and the others go on. */
  #enter(read: EntityRead, onError: (error: unknown) => void): void {
    try {
      if (read.application === undefined) this.#putEntity(read)
      else if (read.resource !== undefined)
        this.#applications.get(read.application)?.view.put(entityFromJson(read.resource))
      if (this.#deferred.size > 0) this.#deferred.delete(EntityReads.keyOf(read.uid, read.application))
    } catch (error) {
      const key = EntityReads.keyOf(read.uid, read.application)
      if (!this.#deferred.has(key)) onError(error)
      this.#deferred.set(key, read)
    }
  }

  #putEntity({ uid, owned }: EntityRead): void {
    if (owned === undefined) {
      if (uid.type === 'Application') this.#applications.delete(uid.id as ApplicationId)
      return
    }
    this.directory.put(owned)
    if (uid.type !== 'Application' || owned.organizationId === undefined) return
    const id = uid.id as ApplicationId
    if (this.#applications.get(id)?.organizationId === owned.organizationId) return
    this.#applications.set(id, new ApplicationPolicies(id, owned.organizationId, this.directory))
  }

  /** What would else be made by the first decision, and hold up the others. */
  async #prepare(bundle: ActiveBundle | undefined): Promise<void> {
    if (bundle?.manifest.userNames?.some((name) => name !== 'id')) await this.directory.learnLogins()
  }

  #activate(id: ApplicationId, bundle: ActiveBundle | undefined): void {
    if (isId('org', id)) {
      const policies = this.#organizations.get(id) ?? new ApplicationPolicies(id as never, id, this.directory)
      policies.activate(bundle)
      this.#organizations.set(id, policies)
    } else this.#applications.get(id)?.activate(bundle)
  }

  #putGrant(grant: Grant): void {
    const nowMs = this.#deps.clock.nowMs()
    if (grant.applicationId === undefined) {
      this.#grants.put(grant, nowMs)
      return
    }
    this.#applications.get(grant.applicationId)?.putGrant(grant, nowMs)
  }

  #removeGrant(id: GrantId): void {
    this.#grants.remove(id)
    for (const [application, policies] of this.#applications) {
      if (policies.grant(id) === undefined) continue
      this.#removedGrants.set(id, application)
      policies.removeGrant(id)
      return
    }
  }
}

function resourcesOf(refs: Iterable<ObjectRef>): Map<ApplicationId, EntityUid[]> {
  const resources = new Map<ApplicationId, EntityUid[]>()
  for (const ref of refs) {
    if (ref.type !== 'Resource') continue
    const { application, uid } = readResourceRef(ref.id)
    const uids = resources.get(application)
    if (uids === undefined) resources.set(application, [uid])
    else uids.push(uid)
  }
  return resources
}
