import { Fault } from '#kernel'
import { makeCursor, pageDefault, pageMost, readCursor } from '#web'
import { Problems } from './problems.ts'

export interface Page<T> {
  readonly items: T[]
  /** Present when more may follow. */
  readonly next?: string
}

/** Reads `limit` as it stands in a query string. @throws {Fault} `directory.invalid` */
export function readLimit(text: string | undefined): number {
  if (text === undefined) return pageDefault
  const limit = Number(text)
  const problems = new Problems()
  problems.check(Number.isInteger(limit) && limit >= 1 && limit <= pageMost, '/query/limit', `must be 1 to ${pageMost}`)
  problems.throwIfAny()
  return limit
}

/** Makes a page of `limit` of rows that were read one more than that. */
export function makePage<R, T>(
  list: string,
  limit: number,
  rows: readonly R[],
  keyOf: (row: R) => readonly (string | number)[],
  show: (row: R) => T,
): Page<T> {
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items: kept.map(show), ...(more && { next: makeCursor(list, keyOf(last)) }) }
}

/** As `readCursor`, for lists with text keys. @throws {Fault} `web.cursor_invalid`, also for keys no database would take */
export function readTextCursor<const K extends readonly 'string'[]>(
  list: string,
  text: string | undefined,
  types: K,
): { [I in keyof K]: string } | undefined {
  if (text === undefined) return undefined
  const key = readCursor(list, text, types) as unknown as string[]
  if (key.some((part) => part.includes('\0') || part.length > 1_000)) throw new Fault('web.cursor_invalid')
  return key as never
}
