import type { ExpressionBuilder, Expression as Sql, SqlBool } from 'kysely'
import type { Expression } from './expression.ts'
import type { Kind } from './partial-term.ts'
import type { Value } from './value.ts'

/** A builder of whatever table: the mapping names its columns. */
// biome-ignore lint/suspicious/noExplicitAny: the tables are the application's, unknown here
export type AnyBuilder = ExpressionBuilder<any, any>
/** A condition of SQL. */
export type Condition = Sql<SqlBool>

/** Texts compare as Cedar compares them: on MySQL byte by byte, whatever the collation (of a utf8mb4 column). */
export type Dialect = 'sqlite' | 'postgres' | 'mysql'

/** How an attribute is stored. Extension types are stored as the i64 they are made of: milliseconds, ten-thousandths. */
export type Column = {
  readonly column: string
  readonly kind: Kind
  /** The type of the entity whose id the column holds, for kind `entity`. */
  readonly entityType?: string
  /** Whether the attribute may be absent, which is NULL. */
  readonly optional?: boolean
  /** For `entity`: rows whose entity lies below the target, itself not counted. */
  readonly within?: (eb: AnyBuilder, target: { type: string; id: string }) => Condition
}

/** How resources of one type are stored. Attributes of attributes are written `owner.name`. */
export type Mapping = {
  readonly dialect: Dialect
  readonly id: string
  readonly attributes: { readonly [path: string]: Column }
  /** Rows whose resource lies below the target, itself not counted. */
  readonly within?: (eb: AnyBuilder, target: { type: string; id: string }) => Condition
  /** Rows whose set-valued attribute holds a value. */
  readonly contains?: { readonly [path: string]: (eb: AnyBuilder, value: Value) => Condition }
}

/** `owner.name` for `resource.owner.name`, and for `resource.owner has name`; undefined for what is no such path. */
export function pathOf(expression: Expression): string | undefined {
  if (expression.kind !== 'get' && expression.kind !== 'has') return undefined
  const keys = expression.kind === 'get' ? expression.key : expression.path.join('.')
  if (expression.of.kind === 'variable') return expression.of.name === 'resource' ? keys : undefined
  const above = pathOf(expression.of)
  return above === undefined || expression.of.kind === 'has' ? undefined : `${above}.${keys}`
}
