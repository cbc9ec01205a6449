import { type Expression as Sql, sql } from 'kysely'
import { CedarError } from './errors.ts'
import { among, same } from './partial-exact.ts'
import type { AnyBuilder, Condition, Dialect } from './partial-mapping.ts'
import { type Kind, type Term, termsOf } from './partial-term.ts'
import type { Value } from './value.ts'

/** A table that says what lies in what, at any distance: a row for each pair. */
export type AncestorTable = {
  readonly table: string
  /** Columns: the id of what lies in the other, and the Cedar type and id of that other. */
  readonly child: string
  readonly type: string
  readonly id: string
}

/** A table that holds the values of a set: a row for each. */
export type ValueTable = {
  readonly table: string
  readonly owner: string
  readonly value: string
  readonly kind: Kind
  /** The type of the entities, for kind `entity`. */
  readonly entityType?: string
}

/** `within` of a mapping by a table. @param child the column whose entity is asked about */
export function withinBy(dialect: Dialect, { table, ...columns }: AncestorTable, child: string) {
  return (eb: AnyBuilder, target: { type: string; id: string }): Condition => {
    const { type, id, child: below } = columns
    const own = (column: string): Sql<unknown> => eb.ref(`${table}.${column}`)
    const joins = same(eb, dialect, term('string', own(below)), term('string', eb.ref(child)))
    const names = [among(eb, dialect, own(type), [target.type]), among(eb, dialect, own(id), [target.id])]
    return eb.exists(
      eb
        .selectFrom(table)
        .select(sql`1`.as('one'))
        .where(eb.and([joins, ...names])),
    )
  }
}

/** `contains` of a mapping by a table. @param owner the column of the id of what has the set */
export function containsBy(dialect: Dialect, { table, kind, entityType, ...columns }: ValueTable, owner: string) {
  return (eb: AnyBuilder, value: Value): Condition => {
    const held = termsOf(value)
    if (held === undefined) throw new CedarError('unsupported', 'SQL compares no sets, records or addresses')
    if (held.kind !== kind || held.entityType !== entityType) return sql`1 = 0`
    const own = (column: string): Sql<unknown> => eb.ref(`${table}.${column}`)
    const joins = same(eb, dialect, term('string', own(columns.owner)), term('string', eb.ref(owner)))
    return eb.exists(
      eb
        .selectFrom(table)
        .select(sql`1`.as('one'))
        .where(eb.and([joins, same(eb, dialect, term(kind, own(columns.value)), held)])),
    )
  }
}

const term = (kind: Kind, of: Sql<unknown>): Term => ({
  kind,
  sql: of,
  entityType: undefined,
  uid: undefined,
  defined: [],
})
