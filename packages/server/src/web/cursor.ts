import { Fault } from '#kernel'
import './faults.ts'

/** Most and default rows of a page. */
export const pageMost = 200
export const pageDefault = 50

/** A place in a list, opaque to the caller: the sort key of the last row of a page. */
export function makeCursor(list: string, key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...key])).toString('base64url')
}

/**
 * Reads a cursor that `makeCursor` made for the same list, with keys of these types.
 * @throws {Fault} `web.cursor_invalid`
 */
export function readCursor<const K extends readonly ('string' | 'number')[]>(
  list: string,
  text: string,
  types: K,
): { [I in keyof K]: K[I] extends 'string' ? string : number } {
  try {
    const [name, ...key] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[]
    if (name === list && key.length === types.length && key.every((part, index) => typeof part === types[index])) {
      return key as never
    }
  } catch {
    // falls through to the one refusal
  }
  throw new Fault('web.cursor_invalid')
}
