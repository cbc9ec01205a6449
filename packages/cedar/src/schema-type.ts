import { CedarError, EvaluationFault } from './errors.ts'
import { isPlainObject } from './json.ts'
import { limits } from './limits.ts'
import { CedarRecord, CedarSet, constructors, Extension, formatUid, typeName, Uid, type Value } from './value.ts'
import { type Budget, uidFromJson, valueFromJson } from './value-json.ts'

/** A type a schema gives an attribute, a tag or a context. */
export type SchemaType =
  | { readonly kind: 'bool' | 'long' | 'string' }
  | { readonly kind: 'set'; readonly element: SchemaType }
  | { readonly kind: 'record'; readonly attributes: ReadonlyMap<string, Attribute>; readonly open: boolean }
  | { readonly kind: 'entity'; readonly name: string }
  | { readonly kind: 'extension'; readonly name: Extension['type'] }

export type Attribute = { readonly type: SchemaType; readonly required: boolean }

export const emptyRecordType: SchemaType & { kind: 'record' } = { kind: 'record', attributes: new Map(), open: false }

const makers: Record<Extension['type'], string> = {
  decimal: 'decimal',
  ipaddr: 'ip',
  datetime: 'datetime',
  duration: 'duration',
}

/** What a schema adds to reading a value: enumerated entities are checked through it. */
export type TypeContext = { where: string; budget: Budget; checkUid: (uid: Uid, where: string) => void }

const fail = (at: TypeContext, why: string): never => {
  throw new CedarError('schema', `${at.where}: ${why}`)
}

/**
 * A value of a schema's type from JSON: entity references and extension values may be written without their escapes,
 * as the type tells them.
 * @throws {CedarError} `schema` where the type does not fit, `json`, `limit`
 */
export function typedValueFromJson(json: unknown, type: SchemaType, at: TypeContext, depth = 0): Value {
  if (depth >= limits.valueDepth) throw new CedarError('limit', `${at.where}: nested deeper than ${limits.valueDepth}`)
  switch (type.kind) {
    case 'entity':
      if (isPlainObject(json)) return conforming(uidFromJson(json, at.where), type, at)
      break
    case 'extension':
      if (typeof json === 'string') return constructed(makers[type.name], json, at)
      break
    case 'set':
      if (Array.isArray(json))
        return CedarSet.of(json.map((item) => typedValueFromJson(item, type.element, at, depth + 1)))
      break
    case 'record':
      if (isPlainObject(json) && !isEscape(json)) return typedRecordFromJson(json, type, at, depth)
  }
  let value: Value
  try {
    value = valueFromJson(json, at.where, at.budget, depth)
  } catch (error) {
    throw error instanceof EvaluationFault ? new CedarError('json', `${at.where}: ${error.message}`) : error
  }
  return conforming(value, type, at)
}

function isEscape(json: { [key: string]: unknown }): boolean {
  const keys = Object.keys(json)
  return keys.length === 1 && (keys[0] === '__extn' || keys[0] === '__entity' || keys[0] === '__expr')
}

function constructed(fn: string, text: string, at: TypeContext): Extension {
  try {
    return (constructors.get(fn) as (text: string) => Extension)(text)
  } catch (error) {
    throw error instanceof EvaluationFault ? new CedarError('json', `${at.where}: ${error.message}`) : error
  }
}

/** A record of a schema's type from a plain object. @throws as `typedValueFromJson` */
export function typedRecordFromJson(
  json: { [key: string]: unknown },
  type: SchemaType & { kind: 'record' },
  at: TypeContext,
  depth = 0,
): CedarRecord {
  const entries: [string, Value][] = []
  for (const key of Object.keys(json)) {
    const attribute = type.attributes.get(key)
    const inner = { ...at, where: `${at.where}.${key}` }
    if (--at.budget.left < 0) throw new CedarError('limit', `${at.where}: more than ${limits.valueCount} values`)
    if (attribute !== undefined) entries.push([key, typedValueFromJson(json[key], attribute.type, inner, depth + 1)])
    else if (type.open) entries.push([key, valueFromJson(json[key], inner.where, at.budget, depth + 1)])
    else fail(at, `attribute \`${key}\` should not exist according to the schema`)
  }
  for (const [key, attribute] of type.attributes)
    if (attribute.required && !Object.hasOwn(json, key)) fail(at, `expected attribute \`${key}\`, which is missing`)
  return CedarRecord.of(entries)
}

/** Returns a value that is of the type. @throws {CedarError} `schema` if it is not */
export function conforming(value: Value, type: SchemaType, at: TypeContext): Value {
  switch (type.kind) {
    case 'bool':
      return typeof value === 'boolean' ? value : mismatch(value, 'bool', at)
    case 'string':
      return typeof value === 'string' ? value : mismatch(value, 'string', at)
    case 'long':
      return typeof value === 'number' || typeof value === 'bigint' ? value : mismatch(value, 'long', at)
    case 'extension':
      return value instanceof Extension && value.type === type.name ? value : mismatch(value, type.name, at)
    case 'entity':
      if (!(value instanceof Uid) || value.type !== type.name)
        return mismatch(value, `an entity of \`${type.name}\``, at)
      at.checkUid(value, at.where)
      return value
    case 'set':
      if (!(value instanceof CedarSet)) return mismatch(value, 'set', at)
      for (const item of value.items) conforming(item, type.element, at)
      return value
    case 'record':
      if (!(value instanceof CedarRecord)) return mismatch(value, 'record', at)
      for (let index = 0; index < value.values.length; index++) {
        const key = value.shape.keys[index] as string
        const attribute = type.attributes.get(key)
        if (attribute !== undefined) conforming(value.values[index] as Value, attribute.type, at)
        else if (!type.open) fail(at, `attribute \`${key}\` should not exist according to the schema`)
      }
      for (const [key, attribute] of type.attributes)
        if (attribute.required && value.get(key) === undefined)
          fail(at, `expected attribute \`${key}\`, which is missing`)
      return value
  }
}

function mismatch(value: Value, wanted: string, at: TypeContext): never {
  const got = value instanceof Uid ? formatUid(value) : typeName(value)
  return fail(at, `expected ${wanted}, got ${got}`)
}
