import { parseDatetime, parseDuration } from './datetime.ts'
import { formatDecimal, parseDecimal } from './decimal.ts'
import { type Address, formatIp, parseIp } from './ip.ts'
import type { Long } from './long.ts'
import { type Shape, shapeOf } from './shape.ts'

/** The reference to an entity: its type and id. */
export class Uid {
  type: string
  id: string
  constructor(type: string, id: string) {
    this.type = type
    this.id = id
  }
}

/** A value of Cedar. Longs have one form (`long.ts`), so equal primitives are `===`. */
export type Value = boolean | string | Long | Uid | CedarSet | CedarRecord | Extension

/** One of the four extension types. `ipaddr` keeps an address, the others an i64. */
export class Extension {
  readonly type: 'decimal' | 'ipaddr' | 'datetime' | 'duration'
  readonly value: Long | Address
  constructor(type: Extension['type'], value: Long | Address) {
    this.type = type
    this.value = value
  }
}

/** The constructor functions by name, from the text they take. They throw `EvaluationFault`. */
export const constructors: ReadonlyMap<string, (text: string) => Extension> = new Map([
  ['decimal', (text: string) => new Extension('decimal', parseDecimal(text))],
  ['ip', (text: string) => new Extension('ipaddr', parseIp(text))],
  ['datetime', (text: string) => new Extension('datetime', parseDatetime(text))],
  ['duration', (text: string) => new Extension('duration', parseDuration(text))],
])

/** A record: values in the order of its shape's sorted keys. */
export class CedarRecord {
  readonly shape: Shape
  readonly values: readonly Value[]
  /** What comparing it costs at most, in units of work. */
  readonly weight: number
  constructor(shape: Shape, values: readonly Value[]) {
    this.shape = shape
    this.values = values
    this.weight = weightOfAll(values)
  }

  get(key: string): Value | undefined {
    const at = this.shape.index.get(key)
    return at === undefined ? undefined : this.values[at]
  }

  /** From entries in any order, keys distinct. */
  static of(entries: [string, Value][]): CedarRecord {
    if (entries.length === 0) return emptyRecord
    if (entries.length > 1) entries.sort((a, b) => (a[0] < b[0] ? -1 : 1))
    return new CedarRecord(
      shapeOf(entries.map(([key]) => key)),
      entries.map(([, value]) => value),
    )
  }
}

/** Units of work that comparing a value may take. */
export function weightOf(value: Value): number {
  if (typeof value === 'string') return 1 + (value.length >> 6)
  return value instanceof CedarSet || value instanceof CedarRecord ? value.weight : 1
}

function weightOfAll(values: readonly Value[]): number {
  let sum = 1
  for (let at = 0; at < values.length; at++) sum += weightOf(values[at] as Value)
  return sum
}

export const emptyRecord = new CedarRecord(shapeOf([]), [])

const scanned = 8

/** A set: elements once each, in no order. */
export class CedarSet {
  readonly items: readonly Value[]
  readonly weight: number
  #index: Set<unknown> | undefined
  #key: string | undefined

  private constructor(items: readonly Value[]) {
    this.items = items
    this.weight = weightOfAll(items)
  }

  static of(items: readonly Value[]): CedarSet {
    if (items.length <= 1) return new CedarSet(items)
    if (items.length > scanned) {
      const unique = new Map<unknown, Value>()
      for (const item of items) unique.set(hashable(item), item)
      return new CedarSet([...unique.values()])
    }
    const unique: Value[] = []
    for (const item of items) if (!unique.some((other) => equals(item, other))) unique.push(item)
    return new CedarSet(unique)
  }

  has(value: Value): boolean {
    const items = this.items
    if (items.length <= scanned) {
      for (let at = 0; at < items.length; at++) if (equals(items[at] as Value, value)) return true
      return false
    }
    this.#index ??= new Set(items.map(hashable))
    return this.#index.has(hashable(value))
  }

  /** The same text for equal sets only. */
  get key(): string {
    this.#key ??= `{${this.items.map(keyOf).sort().join(',')}}`
    return this.#key
  }
}

/** Something a `Set` or `Map` compares as Cedar does: `keyOf` with strings and numbers left as they are where safe. */
function hashable(value: Value): unknown {
  return typeof value === 'object' || typeof value === 'string' ? keyOf(value) : value
}

/** A text that is the same for equal values only. */
export function keyOf(value: Value): string {
  if (typeof value === 'string') return `s${value.length}:${value}`
  if (typeof value !== 'object') return `${value}`
  if (value instanceof Uid) return `e${value.type}:${value.id.length}:${value.id}`
  if (value instanceof CedarSet) return value.key
  if (value instanceof CedarRecord)
    return `[${value.shape.keys.map((key, at) => `${key.length}:${key}=${keyOf(value.values[at] as Value)}`).join(',')}]`
  return `x${formatExtension(value)}`
}

export const formatDecimalOf = (value: Extension) => formatDecimal(value.value as Long)
export const formatIpOf = (value: Extension) => formatIp(value.value as Address)

export function formatExtension(value: Extension): string {
  switch (value.type) {
    case 'decimal':
      return `decimal("${formatDecimal(value.value as Long)}")`
    case 'ipaddr':
      return `ip("${formatIp(value.value as Address)}")`
    case 'datetime':
      return `datetime("1970-01-01").offset(duration("${value.value}ms"))`
    case 'duration':
      return `duration("${value.value}ms")`
  }
}

/** `==` of Cedar: structural, false across types. */
export function equals(a: Value, b: Value): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object') return false
  if (a instanceof Uid) return b instanceof Uid && a.id === b.id && a.type === b.type
  if (a instanceof CedarSet) {
    if (!(b instanceof CedarSet) || a.items.length !== b.items.length) return false
    if (a.items.length <= scanned) return a.items.every((item) => b.has(item))
    return a.key === b.key
  }
  if (a instanceof CedarRecord) return b instanceof CedarRecord && recordsEqual(a, b)
  if (!(b instanceof Extension) || a.type !== b.type) return false
  if (a.type !== 'ipaddr') return a.value === b.value
  const [left, right] = [a.value as Address, b.value as Address]
  return left.bits === right.bits && left.prefix === right.prefix
}

function recordsEqual(a: CedarRecord, b: CedarRecord): boolean {
  const length = a.values.length
  if (b.values.length !== length) return false
  if (a.shape !== b.shape) {
    for (let at = 0; at < length; at++) if (a.shape.keys[at] !== b.shape.keys[at]) return false
  }
  for (let at = 0; at < length; at++) if (!equals(a.values[at] as Value, b.values[at] as Value)) return false
  return true
}

/** The name of a value's type, as the reference writes it. */
export function typeName(value: Value): string {
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  if (typeof value !== 'object') return 'long'
  if (value instanceof Uid) return `(entity of type \`${value.type}\`)`
  if (value instanceof CedarSet) return 'set'
  return value instanceof CedarRecord ? 'record' : value.type
}

/** A value as Cedar would write it, cut short: for messages and explanations. */
export function formatValue(value: Value, most = 200): string {
  const text = write(value, 8)
  return text.length > most ? `${text.slice(0, most)}…` : text
}

function write(value: Value, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value)
  if (typeof value !== 'object') return `${value}`
  if (value instanceof Uid) return formatUid(value)
  if (value instanceof Extension) return formatExtension(value)
  if (depth === 0) return '…'
  if (value instanceof CedarSet)
    return `[${value.items
      .slice(0, 20)
      .map((item) => write(item, depth - 1))
      .join(', ')}${value.items.length > 20 ? ', …' : ''}]`
  const pairs = value.shape.keys.slice(0, 20).map((key, at) => {
    return `${JSON.stringify(key)}: ${write(value.values[at] as Value, depth - 1)}`
  })
  return `{${pairs.join(', ')}${value.values.length > 20 ? ', …' : ''}}`
}

export const formatUid = (uid: { type: string; id: string }) => `${uid.type}::${JSON.stringify(uid.id)}`
