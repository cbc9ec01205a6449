import { Entities, type Entity, type EntityView, Lineage, type Listing } from '@gatehouse/cedar'
import type { DirectoryEntities } from './directory.ts'
import { organizationOf } from './owner.ts'
import type { EntityUid } from './source.ts'

const noLineage = new Lineage([])

/**
 * What the policies of one application can see: the directory entities of its own organization, its own resources, its
 * actions. INVARIANT: nothing of another organization or application is ever found here.
 */
export class ApplicationView implements EntityView, Listing {
  readonly resources = new Entities()
  actions = new Entities()
  readonly #directory: DirectoryEntities
  readonly #organizationId: string
  #crossing = 0

  constructor(directory: DirectoryEntities, organizationId: string) {
    this.#directory = directory
    this.#organizationId = organizationId
  }

  /** The view to decide on: walks parents one by one only while a resource lies in a directory entity. */
  get forDecisions(): EntityView {
    return this.#crossing === 0 ? this : { find: (type, id) => this.find(type, id) }
  }

  find(type: string, id: string): Entity | undefined {
    if (!this.#directory.types.has(type)) return this.resources.find(type, id) ?? this.actions.find(type, id)
    const entity = this.#directory.all.find(type, id)
    return entity !== undefined && organizationOf(entity) === this.#organizationId ? entity : undefined
  }

  lineage(type: string, id: string): Lineage {
    if (this.#directory.types.has(type)) {
      return this.find(type, id) === undefined ? noLineage : this.#directory.all.lineage(type, id)
    }
    const lineage = this.resources.lineage(type, id)
    return lineage.list.length > 0 ? lineage : this.actions.lineage(type, id)
  }

  /** What exists of a type, for a search. Costs what the organization or the application has, whatever others have. */
  *ofType(type: string): Generator<Entity> {
    if (!this.#directory.types.has(type)) {
      yield* this.resources.ofType(type)
      for (const action of this.actions.ofType(type)) if (!this.resources.find(type, action.id)) yield action
      return
    }
    const own = { type: 'Organization', id: this.#organizationId }
    for (const uid of [own, ...this.#directory.all.below(own.type, own.id)]) {
      const entity = uid.type === type ? this.find(type, uid.id) : undefined
      if (entity !== undefined) yield entity
    }
  }

  /** What lies below an entity as decisions see it, itself not counted. */
  *below(type: string, id: string): Generator<EntityUid> {
    if (!this.#directory.types.has(type)) {
      yield* this.resources.below(type, id)
      yield* this.actions.below(type, id)
      return
    }
    if (this.#crossing > 0) yield* this.resources.below(type, id)
    if (this.find(type, id) === undefined) return
    for (const uid of this.#directory.all.below(type, id)) {
      if (this.find(uid.type, uid.id) === undefined) continue
      yield uid
      if (this.#crossing > 0) yield* this.resources.below(uid.type, uid.id)
    }
  }

  put(entity: Entity): void {
    const before = this.resources.find(entity.type, entity.id)
    const crossed = before !== undefined && this.#crosses(before)
    this.resources.setEntity(entity)
    this.#crossing += Number(this.#crosses(entity)) - Number(crossed)
  }

  remove(uid: { type: string; id: string }): void {
    const before = this.resources.find(uid.type, uid.id)
    if (before === undefined) return
    if (this.#crosses(before)) this.#crossing--
    this.resources.delete(uid)
  }

  #crosses(entity: Entity): boolean {
    return entity.parents.some((parent) => this.#directory.types.has(parent.type))
  }
}
