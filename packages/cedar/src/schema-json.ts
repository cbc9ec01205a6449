import { CedarError } from './errors.ts'
import { isPlainObject } from './json.ts'
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
type Common = ReadonlyMap<string, Fields>

export const actionKey = (type: string, id: string) => `${type}\n${id}`
const qualified = (namespace: string, name: string) => (namespace === '' ? name : `${namespace}::${name}`)
const fields = (json: unknown): Fields => (isPlainObject(json) ? json : {})
const names = (json: unknown): string[] => (Array.isArray(json) ? (json as string[]) : [])

/** Reads the reference's JSON form of a schema, names resolved, into tables. */
export function readSchema(json: Fields): SchemaTables {
  const common = new Map<string, Fields>()
  for (const namespace of Object.keys(json))
    for (const [name, type] of Object.entries(fields(fields(json[namespace]).commonTypes)))
      common.set(qualified(namespace, name), fields(type))
  const entityTypes = new Map<string, EntityType>()
  const actions = new Map<string, ActionType>()
  const direct = new Map<string, string[]>()
  for (const namespace of Object.keys(json)) {
    const definition = fields(json[namespace])
    for (const [short, given] of Object.entries(fields(definition.entityTypes))) {
      const name = qualified(namespace, short)
      const type = fields(given)
      direct.set(name, names(type.memberOfTypes))
      entityTypes.set(name, {
        name,
        shape: type.shape === undefined ? emptyRecordType : recordType(type.shape, common),
        tags: type.tags === undefined ? undefined : readType(type.tags, common, 0),
        choices: type.enum === undefined ? undefined : new Set(names(type.enum)),
        parents: new Set(),
      })
    }
    for (const [id, given] of Object.entries(fields(definition.actions))) {
      const action = readAction(qualified(namespace, 'Action'), id, fields(given), common)
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

function readAction(type: string, id: string, given: Fields, common: Common): ActionType {
  const applies = fields(given.appliesTo)
  const parents = Array.isArray(given.memberOf) ? given.memberOf.map(fields) : []
  return {
    type,
    id,
    parents: parents.map((parent) => ({ type: (parent.type as string | undefined) ?? type, id: parent.id as string })),
    principals: new Set(names(applies.principalTypes)),
    resources: new Set(names(applies.resourceTypes)),
    context: applies.context === undefined ? emptyRecordType : recordType(applies.context, common),
  }
}

function recordType(json: unknown, common: Common): SchemaType & { kind: 'record' } {
  const type = readType(json, common, 0)
  if (type.kind !== 'record') throw new CedarError('schema', 'a shape or context must be a record')
  return type
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

function readType(json: unknown, common: Common, depth: number): SchemaType {
  if (depth > 200) throw new CedarError('limit', 'the types of a schema nest deeper than 200')
  const type = fields(json)
  const name = type.type
  switch (name) {
    case 'Set':
      return { kind: 'set', element: readType(type.element, common, depth + 1) }
    case 'Record': {
      const attributes = new Map<string, Attribute>()
      for (const [key, given] of Object.entries(fields(type.attributes)))
        attributes.set(key, {
          type: readType(given, common, depth + 1),
          required: fields(given).required !== false,
        })
      return { kind: 'record', attributes, open: type.additionalAttributes === true }
    }
    case 'Entity':
      return { kind: 'entity', name: type.name as string }
    case 'Extension':
    case 'EntityOrCommon':
      return named(type.name as string, common, depth)
    default:
      return named(name as string, common, depth)
  }
}

function named(name: string, common: Common, depth: number): SchemaType {
  const defined = common.get(name)
  if (defined !== undefined) return readType(defined, common, depth + 1)
  const primitive = primitives.get(name.startsWith('__cedar::') ? name.slice(9) : name)
  if (primitive === undefined) throw new CedarError('schema', `unknown type \`${name}\``)
  return primitive
}
