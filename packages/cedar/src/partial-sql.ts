import { type SqlBool, sql } from 'kysely'
import { type EntityView, walkLineage } from './entity.ts'
import { CedarError } from './errors.ts'
import type { Expression } from './expression.ts'
import { formatExpression } from './format-expression.ts'
import type { Partial } from './partial.ts'
import { among, likes, same } from './partial-exact.ts'
import { type AnyBuilder, type Column, type Condition, type Mapping, pathOf } from './partial-mapping.ts'
import { isComparison, type Kind, type Term, termsOf } from './partial-term.ts'
import { CedarSet, Uid } from './value.ts'

export type { AnyBuilder, Column, Mapping } from './partial-mapping.ts'

const mostIds = 20_000

/**
 * What is left of the policies as a Kysely `where`: rows it keeps are those a decision would allow.
 * @param entities where the ancestors of the principal and of other known entities are found
 * @throws {CedarError} `unsupported` for a part that SQL cannot say by this mapping; nothing is left out silently
 */
export function toWhere(left: Partial, mapping: Mapping, entities: EntityView): (eb: AnyBuilder) => Condition {
  return (eb) => {
    const writer = new Writer(eb, mapping, left.resourceType, entities)
    const ids: string[] = []
    const permits: Condition[] = []
    for (const { parts } of left.permits) {
      const only = parts.length === 1 ? exactId(parts[0] as Expression) : undefined
      if (only !== undefined) ids.push(only)
      else permits.push(writer.and(parts.map((part) => writer.isTrue(part))))
    }
    if (ids.length > mostIds) throw new CedarError('limit', `more than ${mostIds} resources are granted one by one`)
    if (ids.length > 0) permits.push(among(eb, mapping.dialect, eb.ref(mapping.id), ids))
    const forbids = left.forbids.map(({ parts }) => writer.and(parts.map((part) => writer.isTrue(part))))
    return eb.and([writer.or(permits), eb.not(writer.or(forbids))])
  }
}

function exactId(part: Expression): string | undefined {
  if (part.kind !== 'binary' || part.operator !== '==' || part.left.kind !== 'variable') return undefined
  return part.right.kind === 'value' && part.right.value instanceof Uid ? part.right.value.id : undefined
}

/**
 * Writes conditions. INVARIANT: none is ever NULL, so `not` is safe: `isTrue` holds where the expression is true,
 * `isFalse` where it is false, and neither where it errs.
 */
class Writer {
  readonly #eb: AnyBuilder
  readonly #mapping: Mapping
  readonly #type: string
  readonly #entities: EntityView

  constructor(eb: AnyBuilder, mapping: Mapping, type: string, entities: EntityView) {
    this.#eb = eb
    this.#mapping = mapping
    this.#type = type
    this.#entities = entities
  }

  and = (items: readonly Condition[]): Condition =>
    items.length === 0 ? this.#constant(true) : this.#eb.and([...items])
  or = (items: readonly Condition[]): Condition =>
    items.length === 0 ? this.#constant(false) : this.#eb.or([...items])

  #constant(truth: boolean): Condition {
    return truth ? sql<SqlBool>`1 = 1` : sql<SqlBool>`1 = 0`
  }

  isTrue(expression: Expression): Condition {
    return this.#is(expression, true)
  }

  #is(expression: Expression, wanted: boolean): Condition {
    switch (expression.kind) {
      case 'value':
        return this.#constant(expression.value === wanted)
      case 'fault':
        return this.#constant(false)
      case 'not':
        return this.#is(expression.of, !wanted)
      case 'and':
      case 'or':
        return this.#chain(expression.items, expression.kind === 'and', wanted)
      case 'if': {
        const yes = this.and([this.#is(expression.test, true), this.#is(expression.yes, wanted)])
        return this.or([yes, this.and([this.#is(expression.test, false), this.#is(expression.no, wanted)])])
      }
      case 'has': {
        const column = this.#columnOf(expression)
        if (column.optional !== true) return this.#constant(wanted)
        return this.#eb(column.column, wanted ? 'is not' : 'is', null)
      }
      case 'get': {
        const term = this.#term(expression)
        if (term.kind !== 'bool') return this.#constant(false)
        return this.and([
          ...term.defined,
          this.#eb(term.sql, '=', this.#mapping.dialect === 'postgres' ? wanted : Number(wanted)),
        ])
      }
      case 'like':
        return this.#like(expression, wanted)
      case 'is': {
        const term = this.#term(expression.of)
        if (term.kind !== 'entity') return this.#constant(false)
        const fits = term.entityType === expression.type
        if (!fits || expression.in === undefined) return this.and([...term.defined, this.#constant(fits === wanted)])
        return this.#in(expression.of, expression.in, wanted)
      }
      case 'binary':
        return this.#binary(expression, wanted)
      case 'call':
        return this.#call(expression, wanted)
      default:
        return this.#unsupported(expression)
    }
  }

  /** `&&` is true when all are; false at the first that is, all before it true. `||` the other way about. */
  #chain(items: readonly Expression[], conjunction: boolean, wanted: boolean): Condition {
    if (conjunction === wanted) return this.and(items.map((item) => this.#is(item, wanted)))
    const ways = items.map((item, at) => [
      ...items.slice(0, at).map((before) => this.#is(before, !wanted)),
      this.#is(item, wanted),
    ])
    return this.or(ways.map((way) => this.and(way)))
  }

  #binary(expression: Expression & { kind: 'binary' }, wanted: boolean): Condition {
    const { operator, left, right } = expression
    if (operator === 'in') return this.#in(left, right, wanted)
    if (operator === '!=') return this.#equal(left, right, !wanted)
    if (operator === '==') return this.#equal(left, right, wanted)
    if (operator === 'contains') return this.#contains(left, right, wanted)
    if (isComparison(operator)) return this.#compare(left, right, operator, ['long', 'datetime', 'duration'], wanted)
    return this.#unsupported(expression)
  }

  #compare(
    left: Expression,
    right: Expression,
    operator: '<' | '<=' | '>' | '>=',
    kinds: Kind[],
    wanted: boolean,
  ): Condition {
    const [a, b] = [this.#term(left), this.#term(right)]
    if (a.kind !== b.kind || !kinds.includes(a.kind)) return this.#constant(false)
    const holds = this.#eb(a.sql, operator, b.sql)
    // Both sides are guarded, so the comparison is not NULL where it counts.
    return this.and([
      ...a.defined,
      ...b.defined,
      wanted ? holds : this.#eb.not(this.#eb.and([...a.defined, ...b.defined, holds])),
    ])
  }

  #equal(left: Expression, right: Expression, wanted: boolean): Condition {
    const [a, b] = [this.#term(left), this.#term(right)]
    const defined = [...a.defined, ...b.defined]
    if (a.kind !== b.kind || a.entityType !== b.entityType) return this.and([...defined, this.#constant(!wanted)])
    return this.and([...defined, wanted ? this.#same(a, b) : this.#eb.not(this.#same(a, b))])
  }

  #same(a: Term, b: Term): Condition {
    return same(this.#eb, this.#mapping.dialect, a, b)
  }

  #in(left: Expression, right: Expression, wanted: boolean): Condition {
    const targets = this.#targets(right)
    if (targets === undefined) return this.#constant(false)
    const from = this.#term(left)
    if (from.kind !== 'entity' || targets.some((target) => target.kind !== 'entity')) return this.#constant(false)
    const defined = [...from.defined, ...targets.flatMap((target) => target.defined)]
    const holds = this.or(targets.map((target) => this.#reaches(left, from, target)))
    return this.and([...defined, wanted ? holds : this.#eb.not(this.and([...defined, holds]))])
  }

  /** The entities on the right of an `in`; undefined for what is neither an entity nor a set of values. */
  #targets(right: Expression): Term[] | undefined {
    if (right.kind === 'fault') return undefined
    if (right.kind === 'set') return right.items.map((item) => this.#term(item))
    if (right.kind !== 'value') return [this.#term(right)]
    const values = right.value instanceof CedarSet ? right.value.items : [right.value]
    return values.map((item) => this.#term({ kind: 'value', value: item }))
  }

  #reaches(expression: Expression, from: Term, target: Term): Condition {
    const itself = from.entityType === target.entityType ? this.#same(from, target) : this.#constant(false)
    if (from.uid !== undefined) {
      const { type, id } = from.uid
      const entity = this.#entities.find(type, id)
      const above = this.#entities.lineage?.(type, id) ?? walkLineage(this.#entities, entity)
      const ids = above.list.filter((uid) => uid.type === target.entityType).map((uid) => uid.id)
      return ids.length === 0 ? itself : this.or([itself, among(this.#eb, this.#mapping.dialect, target.sql, ids)])
    }
    const within = expression.kind === 'variable' ? this.#mapping.within : this.#columnOf(expression).within
    if (within === undefined || target.uid === undefined) return this.#unsupported(expression)
    return this.or([itself, within(this.#eb, target.uid)])
  }

  #contains(left: Expression, right: Expression, wanted: boolean): Condition {
    if (left.kind === 'value' && left.value instanceof CedarSet) {
      const term = this.#term(right)
      const known = left.value.items
        .map((item) => termsOf(item))
        .filter((item) => item?.kind === term.kind && item.entityType === term.entityType)
      const holds = this.or(known.map((item) => this.#same(term, item as Term)))
      return this.and([...term.defined, wanted ? holds : this.#eb.not(this.and([...term.defined, holds]))])
    }
    const path = pathOf(left)
    const test = path === undefined ? undefined : this.#mapping.contains?.[path]
    if (test === undefined || right.kind !== 'value') return this.#unsupported(left)
    const holds = test(this.#eb, right.value)
    return wanted ? holds : this.#eb.not(holds)
  }

  #like(expression: Expression & { kind: 'like' }, wanted: boolean): Condition {
    const term = this.#term(expression.of)
    if (term.kind !== 'string') return this.#constant(false)
    const holds = likes(this.#mapping.dialect, term, expression.pattern)
    return this.and([...term.defined, wanted ? holds : this.#eb.not(this.and([...term.defined, holds]))])
  }

  #call(expression: Expression & { kind: 'call' }, wanted: boolean): Condition {
    const operator = decimalOperators.get(expression.fn)
    const [left, right] = expression.args
    if (operator === undefined || left === undefined || right === undefined) return this.#unsupported(expression)
    return this.#compare(left, right, operator, ['decimal'], wanted)
  }

  #columnOf(expression: Expression): Column {
    const path = pathOf(expression)
    const column =
      path === undefined || !Object.hasOwn(this.#mapping.attributes, path) ? undefined : this.#mapping.attributes[path]
    return column ?? this.#unsupported(expression)
  }

  #term(expression: Expression): Term {
    if (expression.kind === 'variable') {
      return {
        kind: 'entity',
        sql: this.#eb.ref(this.#mapping.id),
        entityType: this.#type,
        uid: undefined,
        defined: [],
      }
    }
    if (expression.kind === 'value') return termsOf(expression.value) ?? this.#unsupported(expression)
    const column = this.#columnOf(expression)
    const defined = column.optional === true ? [this.#eb(column.column, 'is not', null)] : []
    return {
      kind: column.kind,
      sql: this.#eb.ref(column.column),
      entityType: column.entityType,
      uid: undefined,
      defined,
    }
  }

  #unsupported(expression: Expression): never {
    throw new CedarError('unsupported', `SQL cannot say \`${formatExpression(expression)}\` by this mapping`)
  }
}

const decimalOperators = new Map<string, '<' | '<=' | '>' | '>='>([
  ['lessThan', '<'],
  ['lessThanOrEqual', '<='],
  ['greaterThan', '>'],
  ['greaterThanOrEqual', '>='],
])
