import { CedarError, EvaluationFault } from './errors.ts'
import { isPlainObject } from './json.ts'
import { limits } from './limits.ts'
import { type CedarRecord, emptyRecord, equals, formatUid, type Uid } from './value.ts'
import { Budget, type Place, recordFromJson, uidFromJson, valueToJson } from './value-json.ts'

/** An entity as policies see it. `parents` may name entities that do not exist. */
export interface Entity {
  readonly type: string
  readonly id: string
  readonly attrs: CedarRecord
  readonly tags: CedarRecord
  readonly parents: readonly Uid[]
}

/**
 * Where a decision looks entities up. `Entities` is one; a caller may layer several, or filter, by implementing `find`:
 * ancestors are then walked through `find` itself, so a parent may live in another layer.
 */
export interface EntityView {
  find(type: string, id: string): Entity | undefined
  /** All ancestors, if the view keeps them computed; must say what walking `find` would. */
  lineage?(type: string, id: string): Lineage
}

const scanned = 12

/** The ancestors of an entity, without itself. */
export class Lineage {
  readonly list: readonly Uid[]
  #index: Map<string, Set<string>> | undefined
  constructor(list: readonly Uid[]) {
    this.list = list
  }

  has(type: string, id: string): boolean {
    const list = this.list
    if (list.length <= scanned) {
      for (let at = 0; at < list.length; at++) {
        const uid = list[at] as Uid
        if (uid.id === id && uid.type === type) return true
      }
      return false
    }
    this.#index ??= indexed(list)
    return this.#index.get(type)?.has(id) === true
  }
}

export const noLineage = new Lineage([])

function indexed(list: readonly Uid[]): Map<string, Set<string>> {
  const index = new Map<string, Set<string>>()
  for (const uid of list) {
    const ids = index.get(uid.type)
    if (ids === undefined) index.set(uid.type, new Set([uid.id]))
    else ids.add(uid.id)
  }
  return index
}

/** Walks ancestors through a view's `find`, nearest first. Throws `CedarError` `limit` beyond `limits.ancestors`. */
export function walkLineage(view: EntityView, entity: Entity | undefined): Lineage {
  if (entity === undefined || entity.parents.length === 0) return noLineage
  const list: Uid[] = []
  const seen = new Map<string, Set<string>>()
  const visit = (parents: readonly Uid[]) => {
    for (const uid of parents) {
      let ids = seen.get(uid.type)
      if (ids === undefined) {
        ids = new Set()
        seen.set(uid.type, ids)
      }
      if (ids.has(uid.id)) continue
      ids.add(uid.id)
      list.push(uid)
    }
    if (list.length > limits.ancestors)
      throw new CedarError('limit', `${formatUid(entity)} has more than ${limits.ancestors} ancestors`)
  }
  visit(entity.parents)
  for (let at = 0; at < list.length; at++) {
    const uid = list[at] as Uid
    const parent = view.find(uid.type, uid.id)
    if (parent !== undefined) visit(parent.parents)
  }
  return new Lineage(list)
}

/**
 * An entity from its Cedar JSON form `{ uid, attrs, parents, tags? }`, without a schema.
 * @throws {CedarError} `json` with the attribute at fault, `limit`
 */
export function entityFromJson(json: unknown): Entity {
  if (!isPlainObject(json)) throw new CedarError('json', 'an entity is an object { uid, attrs, parents, tags? }')
  const uid = uidFromJson(json.uid, 'uid of an entity')
  const name = new EntityName(uid)
  if (!isPlainObject(json.attrs)) throw new CedarError('json', `${name}: attrs must be an object`)
  if (!Array.isArray(json.parents)) throw new CedarError('json', `${name}: parents must be an array`)
  if (json.tags !== undefined && !isPlainObject(json.tags))
    throw new CedarError('json', `${name}: tags must be an object`)
  const budget = new Budget()
  const parents = parentsFromJson(json.parents, name)
  try {
    const attrs = recordFromJson(json.attrs, name, budget)
    const tags = json.tags === undefined ? emptyRecord : recordFromJson(json.tags, name, budget)
    return { type: uid.type, id: uid.id, attrs, tags, parents }
  } catch (error) {
    throw error instanceof EvaluationFault ? new CedarError('json', `${name}: ${error.message}`) : error
  }
}

/** The name of an entity, written out only when an error needs it. */
class EntityName {
  readonly #uid: Uid
  constructor(uid: Uid) {
    this.#uid = uid
  }
  toString(): string {
    return formatUid(this.#uid)
  }
}

/** The parents of an entity, each once. @throws {CedarError} `json`, `limit` */
export function parentsFromJson(json: readonly unknown[], name: Place): Uid[] {
  if (json.length > limits.ancestors) throw new CedarError('limit', `${name} has more than ${limits.ancestors} parents`)
  if (json.length === 1) return [uidFromJson(json[0], name)]
  const parents: Uid[] = []
  const seen = json.length > scanned ? new Set<string>() : undefined
  for (const item of json) {
    const parent = uidFromJson(item, name)
    if (seen === undefined) {
      if (parents.some((other) => other.id === parent.id && other.type === parent.type)) continue
    } else {
      const key = `${parent.type}\n${parent.id}`
      if (seen.has(key)) continue
      seen.add(key)
    }
    parents.push(parent)
  }
  return parents
}

/** The Cedar JSON form of an entity. */
export function entityToJson(entity: Entity): { [key: string]: unknown } {
  return {
    uid: { type: entity.type, id: entity.id },
    attrs: valueToJson(entity.attrs),
    parents: entity.parents.map((uid) => ({ type: uid.type, id: uid.id })),
    ...(entity.tags.values.length > 0 ? { tags: valueToJson(entity.tags) } : {}),
  }
}

/** True when two entities of one name say the same, parents compared as sets. */
export function sameEntity(a: Entity, b: Entity): boolean {
  if (a.parents.length !== b.parents.length || !equals(a.attrs, b.attrs) || !equals(a.tags, b.tags)) return false
  const parents = new Lineage(b.parents)
  return a.parents.every((uid) => parents.has(uid.type, uid.id))
}

/** Several views as one: the first that knows an entity speaks for it, and its parents may live in any of them. */
export function layered(...views: readonly EntityView[]): EntityView {
  return {
    find(type, id) {
      for (const view of views) {
        const found = view.find(type, id)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}
