import { type Entity, type EntityView, entityFromJson, Lineage, noLineage, sameEntity } from './entity.ts'
import { absent, addChild, childrenOf, Node, noParents } from './entity-node.ts'
import { CedarError } from './errors.ts'
import { parseJson } from './json.ts'
import { jsonElements } from './json-stream.ts'
import { limits } from './limits.ts'
import { internTypeName } from './names.ts'
import { Schema, type SchemaSource } from './schema.ts'
import { emptyRecord, formatUid, type Uid } from './value.ts'

/**
 * A store of entities with their hierarchy. Ancestors are computed when first asked for and kept; a change lower in
 * the hierarchy than anything's parent forgets nothing. Synchronous, in memory, no I/O.
 */
export class Entities implements EntityView {
  readonly #types = new Map<string, Map<string, Node>>()
  #size = 0
  #version = 1
  #keptNodes: Node[] = []
  /** Children by parent, made when something is first looked for downward, and kept in step from then on. */
  #down: Map<Node, Set<Node>> | undefined
  /** Parents of one parent only, as an array that all its children share. */
  readonly #alone = new Map<Node, Node[]>()
  #keptCount = 0

  /**
   * Entities from Cedar entity JSON: text (exact integers) or an array. With a schema, values may be written as the
   * schema lets them (no escapes needed), everything is checked against it, and its action entities are added.
   * @throws {CedarError} `json`, `schema`, `entities` (cycle, conflicting duplicates) or `limit`; nothing is kept
   */
  static fromJson(json: string | readonly unknown[], schema?: SchemaSource | Schema): Entities {
    const list = typeof json === 'string' ? parseJson(json) : json
    if (!Array.isArray(list)) throw new CedarError('json', 'entities are an array of { uid, attrs, parents, tags? }')
    const entities = new Entities()
    if (schema === undefined) for (const item of list) entities.#add(entityFromJson(item))
    else {
      const known = Schema.of(schema)
      for (const entity of known.entities(list)) entities.#add(entity)
      for (const action of known.actions()) entities.#add(action)
    }
    entities.#refuseCycles()
    return entities
  }

  /**
   * The same from chunks of the text of a JSON array, or of one entity a line, without ever holding the whole text.
   * @throws {CedarError} as `fromJson`
   */
  static async fromStream(
    chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
  ): Promise<Entities> {
    const entities = new Entities()
    for await (const items of jsonElements(chunks)) for (const item of items) entities.#add(entityFromJson(item))
    entities.#refuseCycles()
    return entities
  }

  /** How many entities exist. */
  get size(): number {
    return this.#size
  }

  find(type: string, id: string): Entity | undefined {
    const node = this.#types.get(type)?.get(id)
    return node?.defined === true ? node : undefined
  }

  /** Adds an entity, or replaces it. @throws {CedarError} `json`, `entities` for a cycle; the store is then unchanged */
  set(json: unknown): void {
    this.setEntity(entityFromJson(json))
  }

  /** As `set`, for an entity already read. */
  setEntity(entity: Entity): void {
    const existing = this.#types.get(entity.type)?.get(entity.id)
    if (this.#wouldCycle(entity, existing)) throw cycle(entity)
    this.#fill(this.#node(entity), entity)
  }

  /** Removes an entity; it may still be named as a parent. False if there was none. */
  delete(uid: { type: string; id: string }): boolean {
    const node = this.#types.get(uid.type)?.get(uid.id)
    if (node?.defined !== true) return false
    node.attrs = absent
    node.tags = emptyRecord
    this.#size--
    this.#reparent(node, noParents)
    this.#dropIfUnused(node)
    return true
  }

  /** All ancestors of an entity, itself not among them. Empty for an unknown one. */
  lineage(type: string, id: string): Lineage {
    const node = this.#types.get(type)?.get(id)
    return node === undefined || node.parents.length === 0 ? noLineage : this.#up(node)
  }

  *[Symbol.iterator](): Generator<Entity> {
    for (const ids of this.#types.values()) for (const node of ids.values()) if (node.defined) yield node
  }

  /** The entities of one type. */
  *ofType(type: string): Generator<Entity> {
    const ids = this.#types.get(type)
    if (ids !== undefined) for (const node of ids.values()) if (node.defined) yield node
  }

  /** Everything below an entity at any distance, itself not counted. The way down is kept once it was asked for. */
  *below(type: string, id: string): Generator<Uid> {
    const start = this.#types.get(type)?.get(id)
    if (start === undefined || start.children === 0) return
    this.#down ??= childrenOf(this.#types)
    const seen = new Set<Node>([start])
    for (const node of seen)
      for (const child of this.#down.get(node) ?? [])
        if (!seen.has(child)) {
          seen.add(child)
          yield child
        }
  }

  #up(node: Node): Lineage {
    // INVARIANT: children of one parent share the parent's line, so a flat hierarchy costs no memory a child.
    if (node.parents.length === 1) return this.#line(node.parents[0] as Node)
    const kept = node.kept?.version === this.#version ? node.kept : undefined
    if (kept?.up !== undefined) return kept.up
    const up = this.#walk(node, [])
    if (up.list.length <= limits.keptAncestors) this.#keep(node, up, kept?.line)
    return up
  }

  #line(node: Node): Lineage {
    const kept = node.kept?.version === this.#version ? node.kept : undefined
    if (kept?.line !== undefined) return kept.line
    const line = this.#walk(node, [node])
    if (line.list.length <= limits.keptAncestors) this.#keep(node, kept?.up, line)
    return line
  }

  #keep(node: Node, up: Lineage | undefined, line: Lineage | undefined): void {
    node.kept = { version: this.#version, up, line }
    this.#keptNodes.push(node)
    this.#keptCount += (up ?? line ?? noLineage).list.length + 8
    if (this.#keptCount < 16_000_000) return
    for (const other of this.#keptNodes) other.kept = undefined
    this.#keptNodes = []
    this.#keptCount = 0
  }

  #walk(from: Node, list: Node[]): Lineage {
    const seen = new Set<Node>(list)
    const visit = (parents: readonly Node[]) => {
      for (const parent of parents) {
        if (seen.has(parent)) continue
        seen.add(parent)
        list.push(parent)
      }
      if (list.length > limits.ancestors)
        throw new CedarError('limit', `${formatUid(from)} has more than ${limits.ancestors} ancestors`)
    }
    visit(from.parents)
    for (let at = 0; at < list.length; at++) visit((list[at] as Node).parents)
    return new Lineage(list)
  }

  #node(uid: { type: string; id: string }): Node {
    let ids = this.#types.get(uid.type)
    if (ids === undefined) {
      ids = new Map()
      this.#types.set(internTypeName(uid.type, 'an entity'), ids)
    }
    let node = ids.get(uid.id)
    if (node === undefined) {
      node = new Node(uid.type, uid.id)
      ids.set(uid.id, node)
    }
    return node
  }

  #add(entity: Entity): void {
    // One look-up for what is loaded: at a million entities each one is a miss of the processor's caches.
    const node = this.#node(entity)
    if (!node.defined) this.#fill(node, entity)
    else if (!sameEntity(node, entity)) throw new CedarError('entities', `duplicate entity entry ${formatUid(entity)}`)
  }

  #fill(node: Node, entity: Entity): void {
    if (!node.defined) this.#size++
    node.attrs = entity.attrs
    node.tags = entity.tags
    this.#reparent(node, this.#nodes(entity.parents))
  }

  #nodes(uids: readonly Uid[]): Node[] {
    if (uids.length === 0) return noParents
    if (uids.length > 1) return uids.map((uid) => this.#node(uid))
    const parent = this.#node(uids[0] as Uid)
    let alone = this.#alone.get(parent)
    if (alone === undefined) {
      alone = [parent]
      this.#alone.set(parent, alone)
    }
    return alone
  }

  #reparent(node: Node, parents: Node[]): void {
    const before = node.parents
    for (const parent of parents) {
      parent.children++
      if (this.#down !== undefined) addChild(this.#down, parent, node)
    }
    node.parents = parents
    for (const parent of before) {
      parent.children--
      if (!parents.includes(parent)) this.#down?.get(parent)?.delete(node)
      this.#dropIfUnused(parent)
    }
    node.kept = undefined
    if (node.children > 0 && (before.length > 0 || parents.length > 0)) this.#version++
  }

  #dropIfUnused(node: Node): void {
    if (node.defined || node.children > 0) return
    const ids = this.#types.get(node.type)
    ids?.delete(node.id)
    this.#alone.delete(node)
    this.#down?.delete(node)
    if (ids?.size === 0) this.#types.delete(node.type)
  }

  #wouldCycle(entity: Entity, existing: Node | undefined): boolean {
    if (entity.parents.some((uid) => uid.type === entity.type && uid.id === entity.id)) return true
    if (existing === undefined || existing.children === 0) return false
    return entity.parents.some((uid) => {
      const parent = this.#types.get(uid.type)?.get(uid.id)
      return parent !== undefined && this.#up(parent).list.includes(existing)
    })
  }

  /** One pass over everything: no walk is repeated, however the hierarchy is shaped. */
  #refuseCycles(): void {
    const done = new Set<Node>()
    const open = new Set<Node>()
    for (const ids of this.#types.values()) {
      for (const start of ids.values()) {
        if (start.parents.length === 0 || start.children === 0 || done.has(start)) continue
        const path: { node: Node; next: number }[] = [{ node: start, next: 0 }]
        open.add(start)
        for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
          const parent = top.node.parents[top.next++]
          if (parent === undefined) {
            open.delete(top.node)
            done.add(top.node)
            path.pop()
          } else if (open.has(parent)) throw cycle(parent)
          else if (parent.parents.length > 0 && !done.has(parent)) {
            open.add(parent)
            path.push({ node: parent, next: 0 })
          }
        }
      }
    }
  }
}

const cycle = (uid: { type: string; id: string }) =>
  new CedarError('entities', `the hierarchy has a cycle containing ${formatUid(uid)}`)
