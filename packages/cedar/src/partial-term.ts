import { type Expression as Sql, type SqlBool, sql } from 'kysely'
import type { Long } from './long.ts'
import { Extension, Uid, type Value } from './value.ts'

/** The kinds of values that SQL compares as Cedar does. */
export type Kind = 'string' | 'long' | 'bool' | 'entity' | 'datetime' | 'duration' | 'decimal'

/** One side of a comparison in SQL; `defined` says where Cedar would not err on reading it. */
export type Term = {
  readonly kind: Kind
  readonly sql: Sql<unknown>
  readonly entityType: string | undefined
  /** The entity itself, when it is known. */
  readonly uid: Uid | undefined
  readonly defined: readonly Sql<SqlBool>[]
}

/** A known value as SQL; undefined for sets, records and addresses, which SQL does not compare as Cedar does. */
export function termsOf(value: Value): Term | undefined {
  const term = (kind: Kind, bound: unknown, uid?: Uid): Term => ({
    kind,
    sql: sql`${bound}`,
    entityType: uid?.type,
    uid,
    defined: [],
  })
  if (typeof value === 'string') return term('string', value)
  if (typeof value === 'boolean') return { ...term('bool', undefined), sql: value ? sql`true` : sql`false` }
  if (typeof value !== 'object') return { ...term('long', undefined), sql: integer(value) }
  if (value instanceof Uid) return term('entity', value.id, value)
  if (!(value instanceof Extension) || value.type === 'ipaddr') return undefined
  return { ...term(value.type, undefined), sql: integer(value.value as Long) }
}

/** An integer is written, not bound: drivers differ in what they make of a bound one, and digits can do no harm. */
const integer = (value: Long) => (value === -(2n ** 63n) ? sql`(-9223372036854775807 - 1)` : sql.raw(`(${value})`))

export const isComparison = (operator: string): operator is '<' | '<=' | '>' | '>=' =>
  operator === '<' || operator === '<=' || operator === '>' || operator === '>='
