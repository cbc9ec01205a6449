import { CedarError } from './errors.ts'
import { callFunction, functions } from './functions.ts'
import { isPlainObject } from './json.ts'
import { limits } from './limits.ts'
import { type Long, toLong } from './long.ts'
import { internTypeName } from './names.ts'
import { shapeOf } from './shape.ts'
import { CedarRecord, CedarSet, Extension, emptyRecord, formatDecimalOf, formatIpOf, Uid, type Value } from './value.ts'

/** Counts what one entity, context or policy holds, against `limits.valueCount`; `path` is where the reading stands. */
export class Budget {
  left: number
  path?: string[]
  constructor(left: number = limits.valueCount) {
    this.left = left
    this.path = []
  }
}

/** What is being read, for errors: written out only if there is one. */
export type Place = string | { toString(): string }

function fail(where: Place, budget: Budget | undefined, why: string): never {
  const path = budget?.path === undefined || budget.path.length === 0 ? '' : ` ${budget.path.slice(0, 8).join('.')}`
  throw new CedarError('json', `${where}${path}: ${why}`)
}

/**
 * A value of Cedar from its JSON form: `{ __entity }` and `{ __extn }` escape when they are the only key.
 * @param where what to call it in an error
 * @throws {CedarError} `json` for null, floats, unsafe integers, unknown escapes; `limit` for depth or size
 * @throws {EvaluationFault} where an extension function refuses its argument
 */
export function valueFromJson(json: unknown, where: Place, budget: Budget, depth = 0): Value {
  if (--budget.left < 0) throw new CedarError('limit', `${where}: more than ${limits.valueCount} values`)
  switch (typeof json) {
    case 'string':
      return json.isWellFormed() ? json : (fail(where, budget, 'a string with a lone surrogate') as never)
    case 'boolean':
      return json
    case 'number':
    case 'bigint':
      return longFromJson(json, where, budget)
  }
  if (depth >= limits.valueDepth) throw new CedarError('limit', `${where}: nested deeper than ${limits.valueDepth}`)
  if (Array.isArray(json)) {
    const items: Value[] = []
    for (const item of json) items.push(valueFromJson(item, where, budget, depth + 1))
    return CedarSet.of(items)
  }
  if (json === null) return fail(where, budget, 'null does not exist in Cedar')
  if (!isPlainObject(json)) return fail(where, budget, `not a value of Cedar: ${typeof json}`)
  return escaped(json, where, budget, depth) ?? recordFromJson(json, where, budget, depth)
}

function longFromJson(json: number | bigint, where: Place, budget: Budget): Long {
  if (typeof json === 'bigint') return toLong(json) ?? fail(where, budget, `${json} is beyond the range of i64`)
  if (Number.isSafeInteger(json)) return json + 0
  return Number.isInteger(json)
    ? fail(where, budget, `${json} is beyond 2^53: give exact JSON text or a bigint`)
    : fail(where, budget, `${json}: floats do not exist in Cedar`)
}

/** A record from a plain object, whose keys are all attributes. */
export function recordFromJson(json: { [key: string]: unknown }, where: Place, budget: Budget, depth = 0): CedarRecord {
  const keys = Object.keys(json)
  if (keys.length === 0) return emptyRecord
  if (keys.length > 1) keys.sort()
  const values: Value[] = new Array(keys.length)
  budget.path ??= []
  const path = budget.path
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string
    if (!key.isWellFormed()) fail(where, budget, 'a key with a lone surrogate')
    path.push(key)
    values[at] = valueFromJson(json[key], where, budget, depth + 1)
    path.pop()
  }
  return new CedarRecord(shapeOf(keys), values)
}

function escaped(json: { [key: string]: unknown }, where: Place, budget: Budget, depth: number): Value | undefined {
  let only: string | undefined
  for (const key in json) {
    if (only !== undefined) return undefined
    only = key
  }
  if (only === undefined || only.charCodeAt(0) !== 95) return undefined
  const inner = json[only]
  if (only === '__expr' && typeof inner === 'string')
    return fail(where, budget, 'the `__expr` escape is no longer supported')
  if (!isPlainObject(inner)) return undefined
  if (only === '__entity')
    return typeof inner.type === 'string' && typeof inner.id === 'string'
      ? uidOf(inner.type, inner.id, where)
      : undefined
  if (only !== '__extn' || typeof inner.fn !== 'string') return undefined
  const args = 'arg' in inner ? [inner.arg] : inner.args
  return Array.isArray(args) ? callJson(inner.fn, args, where, budget, depth) : undefined
}

function callJson(fn: string, args: readonly unknown[], where: Place, budget: Budget, depth: number): Value {
  const called = functions.get(fn)
  if (called === undefined) return fail(where, budget, `extension function \`${fn}\` does not exist`)
  return callFunction(
    fn,
    called,
    args.map((arg) => valueFromJson(arg, where, budget, depth + 1)),
  )
}

function uidOf(type: string, id: string, where: Place): Uid {
  if (!id.isWellFormed()) fail(where, undefined, 'an id with a lone surrogate')
  return new Uid(internTypeName(type, where), id)
}

/** An entity reference where only one can stand: `{ type, id }`, or the same under `__entity`. */
export function uidFromJson(json: unknown, where: Place): Uid {
  const inner = isPlainObject(json) && '__entity' in json ? json.__entity : json
  if (!isPlainObject(inner) || typeof inner.type !== 'string' || typeof inner.id !== 'string')
    return fail(where, undefined, 'expected an entity reference { type, id }')
  return uidOf(inner.type, inner.id, where)
}

/** The JSON form of a value; `bigint` for integers beyond 2^53. */
export function valueToJson(value: Value): unknown {
  if (typeof value !== 'object') return value
  if (value instanceof Uid) return { __entity: { type: value.type, id: value.id } }
  if (value instanceof CedarSet) return value.items.map(valueToJson)
  if (value instanceof Extension) return extensionToJson(value)
  const json: { [key: string]: unknown } = Object.create(null)
  for (let at = 0; at < value.values.length; at++)
    json[value.shape.keys[at] as string] = valueToJson(value.values[at] as Value)
  return json
}

function extensionToJson(value: Extension): unknown {
  switch (value.type) {
    case 'decimal':
      return { __extn: { fn: 'decimal', arg: formatDecimalOf(value) } }
    case 'ipaddr':
      return { __extn: { fn: 'ip', arg: formatIpOf(value) } }
    case 'duration':
      return { __extn: { fn: 'duration', arg: `${value.value}ms` } }
    case 'datetime': {
      const epoch = { __extn: { fn: 'datetime', arg: '1970-01-01' } }
      return { __extn: { fn: 'offset', args: [epoch, { __extn: { fn: 'duration', arg: `${value.value}ms` } }] } }
    }
  }
}
