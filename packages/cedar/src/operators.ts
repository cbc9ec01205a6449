import { EvaluationFault } from './errors.ts'
import type { Pattern } from './expression.ts'
import type { Frame } from './frame.ts'
import type { Long } from './long.ts'
import { CedarRecord, CedarSet, Extension, equals, formatUid, typeName, Uid, type Value, weightOf } from './value.ts'

const wrongType = (expected: string, value: Value) =>
  new EvaluationFault(`type error: expected ${expected}, got ${typeName(value)}`)

export function asBoolean(value: Value): boolean {
  if (typeof value !== 'boolean') throw wrongType('bool', value)
  return value
}

export function asString(value: Value): string {
  if (typeof value !== 'string') throw wrongType('string', value)
  return value
}

export function asLong(value: Value): Long {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw wrongType('long', value)
  return value
}

export function asSet(value: Value): CedarSet {
  if (!(value instanceof CedarSet)) throw wrongType('set', value)
  return value
}

export function asUid(value: Value): Uid {
  if (!(value instanceof Uid)) throw wrongType('(entity of type `any_entity_type`)', value)
  return value
}

/** Equality that pays for what it compares. */
export function equal(frame: Frame, a: Value, b: Value): boolean {
  if (a === b) return true
  if (typeof a === 'object') {
    if (a instanceof Uid) return b instanceof Uid && a.id === b.id && a.type === b.type
    if (typeof b === 'object') frame.spend(weightOf(a))
  } else if (typeof a === 'string' && a.length > 256) frame.spend(a.length >> 6)
  return equals(a, b)
}

/** The two sides of `<` and its kin, if they can be compared: longs, datetimes or durations of one type. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [comparable(a), comparable(b)]
  if (a instanceof Extension ? !(b instanceof Extension && b.type === a.type) : b instanceof Extension)
    throw wrongType(typeName(a), b)
  return left < right ? -1 : left > right ? 1 : 0
}

function comparable(value: Value): Long {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (value instanceof Extension && (value.type === 'datetime' || value.type === 'duration')) return value.value as Long
  throw wrongType('one of [long, datetime, duration]', value)
}

/** Reads an attribute of a record or an entity. */
export function getAttribute(frame: Frame, of: Value, key: string): Value {
  if (of instanceof CedarRecord) {
    const value = of.get(key)
    if (value === undefined) throw new EvaluationFault(`record does not have the attribute \`${key}\``)
    return value
  }
  if (!(of instanceof Uid)) throw wrongType('one of [record, (entity of type `any_entity_type`)]', of)
  const entity = frame.entity(of)
  if (entity === undefined) throw new EvaluationFault(`entity \`${formatUid(of)}\` does not exist`)
  const value = entity.attrs.get(key)
  if (value === undefined) throw new EvaluationFault(`\`${formatUid(of)}\` does not have the attribute \`${key}\``)
  return value
}

export function hasAttribute(frame: Frame, of: Value, key: string): boolean {
  return findAttribute(frame, of, key) !== undefined
}

/** The attribute if there is one; an error only where `of` can have none by its type. */
export function findAttribute(frame: Frame, of: Value, key: string): Value | undefined {
  if (of instanceof CedarRecord) return of.get(key)
  if (!(of instanceof Uid)) throw wrongType('one of [record, (entity of type `any_entity_type`)]', of)
  return frame.entity(of)?.attrs.get(key)
}

/** `has a.b.c`: each step but the last must be there to go on; a step into what has no attributes is an error. */
export function hasPath(frame: Frame, of: Value, path: readonly string[]): boolean {
  let at: Value | undefined = of
  for (const key of path) {
    at = findAttribute(frame, at, key)
    if (at === undefined) return false
  }
  return true
}

export function getTag(frame: Frame, of: Value, key: Value): Value {
  const uid = asUid(of)
  const name = asString(key)
  const entity = frame.entity(uid)
  if (entity === undefined) throw new EvaluationFault(`entity \`${formatUid(uid)}\` does not exist`)
  const value = entity.tags.get(name)
  if (value === undefined) throw new EvaluationFault(`\`${formatUid(uid)}\` does not have the tag \`${name}\``)
  return value
}

export function hasTag(frame: Frame, of: Value, key: Value): boolean {
  const uid = asUid(of)
  const name = asString(key)
  return frame.entity(uid)?.tags.get(name) !== undefined
}

/** `in` with a set on the right checks the whole set's types first, as the reference does. */
export function isIn(frame: Frame, left: Value, right: Value): boolean {
  const uid = asUid(left)
  if (right instanceof Uid) return frame.isIn(uid, right.type, right.id)
  if (!(right instanceof CedarSet)) throw wrongType('one of [set, (entity of type `any_entity_type`)]', right)
  const items = right.items
  frame.spend(items.length)
  for (let at = 0; at < items.length; at++) asUid(items[at] as Value)
  for (let at = 0; at < items.length; at++) {
    const target = items[at] as Uid
    if (frame.isIn(uid, target.type, target.id)) return true
  }
  return false
}

export function contains(frame: Frame, left: Value, right: Value): boolean {
  const set = asSet(left)
  frame.spend(set.weight + weightOf(right))
  return set.has(right)
}

export function containsAll(frame: Frame, left: Value, right: Value): boolean {
  const [set, wanted] = [asSet(left), asSet(right)]
  frame.spend(wanted.weight + set.weight)
  return wanted.items.every((item) => set.has(item))
}

export function containsAny(frame: Frame, left: Value, right: Value): boolean {
  const [set, wanted] = [asSet(left), asSet(right)]
  frame.spend(wanted.weight + set.weight)
  return wanted.items.some((item) => set.has(item))
}

/**
 * `like`: the pieces stand in order, anything between them. Greedy from the left, so the work is bounded by the
 * text's length times the longest piece. Pieces and text are well-formed, so units match as code points do.
 */
export function like(frame: Frame, text: string, pattern: Pattern): boolean {
  const first = pattern[0] as string
  if (pattern.length === 1) return text === first
  const last = pattern[pattern.length - 1] as string
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  const end = text.length - last.length
  frame.spend((text.length >> 3) + pattern.length)
  // INVARIANT: a search costs at most what is left times the piece; that product is bounded before searching.
  for (let piece = 1; piece < pattern.length - 1; piece++) {
    const wanted = pattern[piece] as string
    if (wanted.length > 1) frame.spend(Math.floor(((end - at) * wanted.length) / 256))
    const found = text.indexOf(wanted, at)
    if (found === -1 || found + wanted.length > end) return false
    at = found + wanted.length
  }
  return true
}
