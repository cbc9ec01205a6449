import type { Problems } from './problem.ts'
import { entriesOf, itemsOf, type Located, plainOf, problemAt, scalarOf } from './yaml.ts'

/** Reads a located value into a typed one, or adds a problem at its place and answers undefined. */
export type Shape<T> = (located: Located, problems: Problems) => T | undefined

/** A value that keeps its place, for checks that come later. */
export interface Placed<T> {
  readonly value: T
  readonly at: Located
}

export function placed<T>(shape: Shape<T>): Shape<Placed<T>> {
  return (at, problems) => {
    const value = shape(at, problems)
    return value === undefined ? undefined : { value, at }
  }
}

/** Text; numbers and booleans are taken as they are spelled when `spelled`, else must be quoted. */
export function text(options: { pattern?: RegExp; says?: string; most?: number } = {}): Shape<string> {
  const { pattern, says = 'must be text', most = 4096 } = options
  return (located, problems) => {
    const value = scalarOf(located)
    if (typeof value !== 'string') {
      const help = value === undefined || value === null ? undefined : 'put it in quotes'
      return problemAt(located, problems, 'must be text', help)
    }
    if (value.length > most) return problemAt(located, problems, `must be at most ${most} characters`)
    if (value.includes('\0') || (pattern !== undefined && !pattern.test(value)))
      return problemAt(located, problems, `${JSON.stringify(shorten(value))} ${says}`)
    return value
  }
}

export const flag: Shape<boolean> = (located, problems) => {
  const value = scalarOf(located)
  return typeof value === 'boolean' ? value : problemAt(located, problems, 'must be true or false')
}

export const whole: Shape<number> = (located, problems) => {
  const value = scalarOf(located)
  return typeof value === 'number' && Number.isSafeInteger(value)
    ? value
    : problemAt(located, problems, 'must be a whole number')
}

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  return (located, problems) => {
    const value = scalarOf(located)
    if (typeof value === 'string' && (words as readonly string[]).includes(value)) return value as T
    return problemAt(located, problems, `must be one of ${words.join(', ')}`)
  }
}

/** Anything that stands in JSON. */
export const anything: Shape<unknown> = (located) => plainOf(located)

export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (located, problems) => {
    const items = itemsOf(located)
    if (items === undefined) return problemAt(located, problems, 'must be a list')
    const read = items.map((item) => shape(item, problems))
    return read.every((item) => item !== undefined) ? (read as T[]) : undefined
  }
}

/** A mapping from names to values of one shape. */
export function named<T>(shape: Shape<T>, key?: { pattern: RegExp; says: string }): Shape<Map<string, T>> {
  return (located, problems) => {
    const entries = entriesOf(located)
    if (entries === undefined) return problemAt(located, problems, 'must be a mapping from names to values')
    const before = problems.list.length
    const read = new Map<string, T>()
    for (const entry of entries) {
      if (key !== undefined && !key.pattern.test(entry.key))
        problemAt(entry.keyAt, problems, `${JSON.stringify(shorten(entry.key))} ${key.says}`)
      const value = shape(entry.value, problems)
      if (value !== undefined) read.set(entry.key, value)
    }
    return problems.list.length > before ? undefined : read
  }
}

type Fields = Record<string, Shape<unknown>>
type ValueOf<S> = S extends Shape<infer T> ? T : never
type Read<R extends Fields, O extends Fields> = { readonly [K in keyof R]: ValueOf<R[K]> } & {
  readonly [K in keyof O]?: ValueOf<O[K]>
}

/** A mapping with these keys and no others; an unknown key is a problem that names the nearest known one. */
export function object<R extends Fields, O extends Fields>(required: R, optional: O): Shape<Read<R, O>> {
  const known = { ...required, ...optional }
  return (located, problems) => {
    const entries = entriesOf(located)
    if (entries === undefined)
      return problemAt(located, problems, `must be a mapping with ${Object.keys(known).join(', ')}`)
    const before = problems.list.length
    const read: Record<string, unknown> = {}
    for (const { key, keyAt, value } of entries) {
      const shape = Object.hasOwn(known, key) ? known[key] : undefined
      if (shape === undefined) {
        problemAt(keyAt, problems, `unknown key ${JSON.stringify(shorten(key))}`, suggest(key, Object.keys(known)))
        continue
      }
      const given = shape(value, problems)
      if (given !== undefined) read[key] = given
    }
    for (const key of Object.keys(required))
      if (!entries.some((entry) => entry.key === key)) problemAt(located, problems, `${key} is missing`)
    return problems.list.length > before ? undefined : (read as Read<R, O>)
  }
}

/** What the writer may have meant: the nearest word, or all of them. */
export function suggest(word: string, words: readonly string[]): string {
  const near = words
    .map((known) => ({ known, distance: distanceOf(word.slice(0, 40), known) }))
    .filter(({ known, distance }) => distance <= Math.max(2, known.length / 3))
    .sort((a, b) => a.distance - b.distance)[0]
  return near === undefined ? `the keys are ${words.join(', ')}` : `did you mean ${near.known}?`
}

function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}

const shorten = (value: string) => (value.length > 80 ? `${value.slice(0, 77)}…` : value)
