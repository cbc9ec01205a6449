import {
  DummyDriver,
  expressionBuilder,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import type { EntityView } from './entity.ts'
import type { Partial } from './partial.ts'
import type { AnyBuilder, Dialect, Mapping } from './partial-mapping.ts'
import { toWhere } from './partial-sql.ts'

export type { AnyBuilder, Column, Dialect, Mapping } from './partial-mapping.ts'
export { type AncestorTable, containsBy, type ValueTable, withinBy } from './partial-tables.ts'
export type { Kind } from './partial-term.ts'

/** A condition for any program: put `sql` behind `where` and bind `parameters` in order. */
export type Statement = { readonly sql: string; readonly parameters: readonly unknown[] }

// biome-ignore lint/suspicious/noExplicitAny: compiles conditions, knows no tables
type Compiler = Kysely<any>

const compilers: { readonly [dialect in Dialect]: () => Compiler } = {
  sqlite: () =>
    new Kysely({
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new SqliteIntrospector(db),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      },
    }),
  postgres: () =>
    new Kysely({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new PostgresIntrospector(db),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    }),
  mysql: () =>
    new Kysely({
      dialect: {
        createAdapter: () => new MysqlAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new MysqlIntrospector(db),
        createQueryCompiler: () => new MysqlQueryCompiler(),
      },
    }),
}
const made = new Map<Dialect, Compiler>()

/**
 * What is left of the policies as the text of an SQL condition with its parameters (`$1`… for PostgreSQL, `?` for the others). No
 * value of a caller stands in the text: strings are parameters, integers are written.
 * @throws {CedarError} as `toWhere`
 */
export function toSql(left: Partial, mapping: Mapping, entities: EntityView): Statement {
  const { dialect } = mapping
  const compiler = made.get(dialect) ?? compilers[dialect]()
  made.set(dialect, compiler)
  const condition = toWhere(left, mapping, entities)(expressionBuilder() as AnyBuilder)
  const { sql: text, parameters } = sql`${condition}`.compile(compiler)
  return { sql: text, parameters }
}
