import { CedarError } from './errors.ts'
import { isPlainObject } from './json.ts'
import { limits } from './limits.ts'
import { type Attribute, emptyRecordType, type SchemaType } from './schema-type.ts'
import type { Extension } from './value.ts'

/** An entity type of a schema. `parents` are the types it may lie in, at any distance. */
export type EntityType = {
  readonly name: string
  readonly shape: SchemaType & { kind: 'record' }
  readonly tags: SchemaType | undefined
  readonly choices: ReadonlySet<string> | undefined
  readonly parents: ReadonlySet<string>
}

export type ActionType = {
  readonly type: string
  readonly id: string
  readonly parents: readonly { type: string; id: string }[]
  readonly principals: ReadonlySet<string>
  readonly resources: ReadonlySet<string>
  readonly context: SchemaType & { kind: 'record' }
}

export type SchemaTables = {
  readonly entityTypes: ReadonlyMap<string, EntityType>
  readonly actions: ReadonlyMap<string, ActionType>
}

type Fields = { [key: string]: unknown }

export const actionKey = (type: string, id: string) => `${type}\n${id}`
const qualified = (namespace: string, name: string) => (namespace === '' ? name : `${namespace}::${name}`)
const fields = (json: unknown): Fields => (isPlainObject(json) ? json : {})
const names = (json: unknown): string[] => (Array.isArray(json) ? (json as string[]) : [])

/** Reads the reference's JSON form of a schema, names resolved, into tables. */
export function readSchema(json: Fields): SchemaTables {
  const given = new Map<string, Fields>()
  for (const namespace of Object.keys(json))
    for (const [name, type] of Object.entries(fields(fields(json[namespace]).commonTypes)))
      given.set(qualified(namespace, name), fields(type))
  const types = new Types(given)
  const entityTypes = new Map<string, EntityType>()
  const actions = new Map<string, ActionType>()
  const direct = new Map<string, string[]>()
  for (const namespace of Object.keys(json)) {
    const definition = fields(json[namespace])
    for (const [short, declared] of Object.entries(fields(definition.entityTypes))) {
      const name = qualified(namespace, short)
      const type = fields(declared)
      direct.set(name, names(type.memberOfTypes))
      entityTypes.set(name, {
        name,
        shape: type.shape === undefined ? emptyRecordType : types.readRecord(type.shape),
        tags: type.tags === undefined ? undefined : types.read(type.tags),
        choices: type.enum === undefined ? undefined : new Set(names(type.enum)),
        parents: new Set(),
      })
    }
    for (const [id, declared] of Object.entries(fields(definition.actions))) {
      const action = readAction(qualified(namespace, 'Action'), id, fields(declared), types)
      actions.set(actionKey(action.type, id), action)
    }
  }
  for (const type of entityTypes.values()) closeParents(type.name, direct, type.parents as Set<string>)
  return { entityTypes, actions }
}

function closeParents(name: string, direct: ReadonlyMap<string, string[]>, found: Set<string>): void {
  const open = [name]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const parent of direct.get(at) ?? []) {
      if (found.has(parent)) continue
      found.add(parent)
      open.push(parent)
    }
  }
}

function readAction(type: string, id: string, given: Fields, types: Types): ActionType {
  const applies = fields(given.appliesTo)
  const parents = Array.isArray(given.memberOf) ? given.memberOf.map(fields) : []
  return {
    type,
    id,
    parents: parents.map((parent) => ({ type: (parent.type as string | undefined) ?? type, id: parent.id as string })),
    principals: new Set(names(applies.principalTypes)),
    resources: new Set(names(applies.resourceTypes)),
    context: applies.context === undefined ? emptyRecordType : types.readRecord(applies.context),
  }
}

const primitives: ReadonlyMap<string, SchemaType> = new Map<string, SchemaType>([
  ['String', { kind: 'string' }],
  ['Long', { kind: 'long' }],
  ['Bool', { kind: 'bool' }],
  ['Boolean', { kind: 'bool' }],
  ...(['decimal', 'ipaddr', 'datetime', 'duration'] as Extension['type'][]).map((name): [string, SchemaType] => [
    name,
    { kind: 'extension', name },
  ]),
])

/** The common types of a schema, each read once, and how large all types are with the common ones written out. */
class Types {
  readonly #given: Map<string, Fields>
  readonly #read = new Map<string, SchemaType>()
  readonly #open = new Set<string>()
  readonly #sizes = new WeakMap<SchemaType, number>()
  #total = 0

  constructor(given: Map<string, Fields>) {
    this.#given = given
  }

  /** A whole type, counted against `limits.schemaSize`: the validator writes common types out. */
  read(json: unknown): SchemaType {
    const type = this.#type(json, 0)
    this.#total += this.#size(type)
    if (this.#total > limits.schemaSize)
      throw new CedarError('limit', `the types of a schema hold more than ${limits.schemaSize} parts`)
    return type
  }

  readRecord(json: unknown): SchemaType & { kind: 'record' } {
    const type = this.read(json)
    if (type.kind !== 'record') throw new CedarError('schema', 'a shape or context must be a record')
    return type
  }

  #size(type: SchemaType): number {
    return this.#sizes.get(type) ?? 1
  }

  #sized(type: SchemaType, size: number): SchemaType {
    if (size > limits.schemaSize)
      throw new CedarError('limit', `a type of a schema holds more than ${limits.schemaSize} parts`)
    this.#sizes.set(type, size)
    return type
  }

  #type(json: unknown, depth: number): SchemaType {
    if (depth > 200) throw new CedarError('limit', 'the types of a schema nest deeper than 200')
    const type = fields(json)
    switch (type.type) {
      case 'Set': {
        const element = this.#type(type.element, depth + 1)
        return this.#sized({ kind: 'set', element }, 1 + this.#size(element))
      }
      case 'Record': {
        const attributes = new Map<string, Attribute>()
        let size = 1
        for (const [key, given] of Object.entries(fields(type.attributes))) {
          const inner = this.#type(given, depth + 1)
          size += this.#size(inner)
          attributes.set(key, { type: inner, required: fields(given).required !== false })
        }
        return this.#sized({ kind: 'record', attributes, open: type.additionalAttributes === true }, size)
      }
      case 'Entity':
        return { kind: 'entity', name: type.name as string }
      case 'Extension':
      case 'EntityOrCommon':
        return this.#named(type.name as string, depth)
      default:
        return this.#named(type.type as string, depth)
    }
  }

  #named(name: string, depth: number): SchemaType {
    const read = this.#read.get(name)
    if (read !== undefined) return read
    const given = this.#given.get(name)
    if (given === undefined) {
      const primitive = primitives.get(name.startsWith('__cedar::') ? name.slice(9) : name)
      if (primitive === undefined) throw new CedarError('schema', `unknown type \`${name}\``)
      return primitive
    }
    if (this.#open.has(name)) throw new CedarError('schema', `the type \`${name}\` contains itself`)
    this.#open.add(name)
    const type = this.#type(given, depth + 1)
    this.#open.delete(name)
    this.#read.set(name, type)
    return type
  }
}
