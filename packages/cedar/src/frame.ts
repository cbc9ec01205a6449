import { type Entity, type EntityView, type Lineage, noLineage, walkLineage } from './entity.ts'
import { CedarError } from './errors.ts'
import { limits } from './limits.ts'
import { type CedarRecord, emptyRecord, Uid } from './value.ts'

const noEntities: EntityView = { find: () => undefined }

/** One decision under way: the request, where entities are found, and the work done. Reused, so that a decision allocates little. */
export class Frame {
  readonly principal = new Uid('', '')
  readonly action = new Uid('', '')
  readonly resource = new Uid('', '')
  context: CedarRecord = emptyRecord
  view: EntityView = noEntities
  work = 0
  busy = false
  #principalEntity: Entity | undefined
  #resourceEntity: Entity | undefined
  #principalFound = false
  #resourceFound = false
  #principalLine: Lineage | undefined
  #actionLine: Lineage | undefined
  #resourceLine: Lineage | undefined

  begin(view: EntityView, context: CedarRecord): void {
    this.context = context
    this.view = view
    this.work = 0
    this.#principalFound = this.#resourceFound = false
    this.#principalEntity = this.#resourceEntity = undefined
    this.#principalLine = this.#actionLine = this.#resourceLine = undefined
  }

  /** Forgets the request, so that nothing of it is kept alive. */
  end(): void {
    this.begin(noEntities, emptyRecord)
    this.busy = false
  }

  spend(units: number): void {
    this.work += units
    if (this.work > limits.work) throw new CedarError('limit', `a decision took more than ${limits.work} units of work`)
  }

  entity(uid: Uid): Entity | undefined {
    if (uid === this.principal) {
      if (!this.#principalFound) {
        this.#principalEntity = this.view.find(uid.type, uid.id)
        this.#principalFound = true
      }
      return this.#principalEntity
    }
    if (uid === this.resource) {
      if (!this.#resourceFound) {
        this.#resourceEntity = this.view.find(uid.type, uid.id)
        this.#resourceFound = true
      }
      return this.#resourceEntity
    }
    return this.view.find(uid.type, uid.id)
  }

  lineage(uid: Uid): Lineage {
    if (uid === this.principal) {
      this.#principalLine ??= this.#lineage(uid)
      return this.#principalLine
    }
    if (uid === this.resource) {
      this.#resourceLine ??= this.#lineage(uid)
      return this.#resourceLine
    }
    if (uid === this.action) {
      this.#actionLine ??= this.#lineage(uid)
      return this.#actionLine
    }
    return this.#lineage(uid)
  }

  #lineage(uid: Uid): Lineage {
    const view = this.view
    if (view.lineage !== undefined) {
      const kept = view.lineage(uid.type, uid.id)
      if (kept.list.length > limits.keptAncestors) this.spend(kept.list.length)
      return kept
    }
    const entity = this.entity(uid)
    if (entity === undefined || entity.parents.length === 0) return noLineage
    const found = walkLineage(view, entity)
    this.spend(found.list.length)
    return found
  }

  /** `a in b` for one target: reflexive, unknown entities included. */
  isIn(uid: Uid, type: string, id: string): boolean {
    if (uid.id === id && uid.type === type) return true
    return this.lineage(uid).has(type, id)
  }
}
