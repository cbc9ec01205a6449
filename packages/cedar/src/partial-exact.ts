import { type Expression as Sql, type SqlBool, sql } from 'kysely'
import type { Pattern } from './expression.ts'
import type { AnyBuilder, Condition, Dialect } from './partial-mapping.ts'
import type { Term } from './partial-term.ts'

/**
 * Comparisons of texts that hold just where Cedar's do. MySQL compares by a collation, to most of which `A` is `a`: there the bytes are
 * compared as well, and the plain comparison stays beside them for the sake of indexes.
 */
const bytes = (of: unknown): Sql<unknown> => sql`cast(${of} as binary)`

export function same(eb: AnyBuilder, dialect: Dialect, a: Term, b: Term): Condition {
  const plain = eb(a.sql, '=', b.sql)
  if (dialect !== 'mysql' || (a.kind !== 'string' && a.kind !== 'entity')) return plain
  return eb.and([plain, eb(bytes(a.sql), '=', bytes(b.sql))])
}

/** True where a text is one of some known ones. */
export function among(eb: AnyBuilder, dialect: Dialect, text: Sql<unknown>, known: readonly string[]): Condition {
  const plain = eb(text, 'in', known)
  return dialect === 'mysql' ? eb.and([plain, eb(bytes(text), 'in', known.map(bytes))]) : plain
}

export function likes(dialect: Dialect, { sql: text }: Term, pattern: Pattern): Condition {
  const escaped = (special: RegExp, as: string) => pattern.map((piece) => piece.replace(special, as))
  if (dialect === 'sqlite') return sql<SqlBool>`${text} glob ${escaped(/[*?[]/g, '[$&]').join('*')}`
  if (dialect === 'postgres') return sql<SqlBool>`${text} like ${escaped(/[\\%_]/g, '\\$&').join('%')}`
  return sql<SqlBool>`${bytes(text)} like ${bytes(escaped(/[!%_]/g, '!$&').join('%'))} escape '!'`
}
