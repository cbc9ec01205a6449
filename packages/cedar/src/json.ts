import { CedarError, placeOf } from './errors.ts'
import { limits } from './limits.ts'

/** JSON as Cedar reads it: integers only, exact; no `null`, no floats, no duplicate keys. Objects have no prototype. */
export type Json = boolean | string | number | bigint | Json[] | { [key: string]: Json }

/**
 * Parses JSON text exactly: an integer beyond 2^53 is a `bigint`, and i64 is the widest.
 * @throws {CedarError} `json` with line and column for anything JSON or Cedar refuses; `limit` beyond depth or length
 */
export function parseJson(text: string, depth: number = limits.expressionDepth * 3): Json {
  if (text.length > limits.jsonLength) throw new CedarError('limit', 'JSON text too long: load it by streaming')
  const parser = new Parser(text, depth)
  const value = parser.value(0)
  parser.end()
  return value
}

const integer = /-?(?:0|[1-9][0-9]*)/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them unescaped
const special = /[\\\u0000-\u001f]/

class Parser {
  readonly #text: string
  readonly #most: number
  #at = 0
  constructor(text: string, most: number) {
    this.#text = text
    this.#most = most
  }

  #fail(why: string, at = this.#at, code: 'json' | 'limit' = 'json'): never {
    throw new CedarError(code, why, placeOf(this.#text, at))
  }

  #space(): number {
    const text = this.#text
    let code = text.charCodeAt(this.#at)
    while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++this.#at)
    return code
  }

  end(): void {
    this.#space()
    if (this.#at < this.#text.length) this.#fail('unexpected text after the JSON value')
  }

  value(depth: number): Json {
    const code = this.#space()
    switch (code) {
      case 123:
        return this.#object(depth + 1)
      case 91:
        return this.#array(depth + 1)
      case 34:
        return this.#string()
      case 116:
        return this.#word('true', true)
      case 102:
        return this.#word('false', false)
      case 110:
        this.#word('null', false)
        this.#at -= 4
        return this.#fail('null does not exist in Cedar')
      default:
        return this.#number(code)
    }
  }

  #word(word: string, value: boolean): boolean {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('not a JSON value')
    this.#at += word.length
    return value
  }

  #number(code: number): number | bigint {
    integer.lastIndex = this.#at
    const found = integer.exec(this.#text)?.[0]
    if (found === undefined)
      this.#fail(Number.isNaN(code) ? 'unexpected end of JSON' : 'not a JSON value, or a number Cedar has not')
    const after = this.#text.charCodeAt(this.#at + found.length)
    if (after === 46 || after === 101 || after === 69) this.#fail('floats do not exist in Cedar')
    if (after >= 48 && after <= 57) this.#fail('an integer has no leading zero')
    if (found.length < 16) {
      this.#at += found.length
      return Number(found) + 0
    }
    const number = Number(found)
    const big = found.length > 20 ? 2n ** 64n : BigInt(found)
    if (big > 9223372036854775807n || big < -9223372036854775808n) this.#fail('an integer beyond the range of i64')
    this.#at += found.length
    return Number.isSafeInteger(number) ? number : big
  }

  #string(): string {
    const text = this.#text
    const start = this.#at
    let end = text.indexOf('"', start + 1)
    if (end === -1) this.#fail('a string that does not end')
    const plain = text.slice(start + 1, end)
    if (!special.test(plain)) {
      this.#at = end + 1
      return plain.isWellFormed() ? plain : this.#fail('a lone surrogate', start)
    }
    for (end = start + 1; ; end++) {
      const code = text.charCodeAt(end)
      if (code === 34) break
      if (code === 92) end++
      if (Number.isNaN(code)) this.#fail('a string that does not end', start)
    }
    let value: string
    try {
      value = JSON.parse(text.slice(start, end + 1)) as string
    } catch {
      return this.#fail('a string with an escape or a control character JSON has not', start)
    }
    if (!value.isWellFormed()) this.#fail('a lone surrogate', start)
    this.#at = end + 1
    return value
  }

  #array(depth: number): Json[] {
    if (depth > this.#most) this.#fail(`nested deeper than ${this.#most}`, this.#at, 'limit')
    this.#at++
    const items: Json[] = []
    if (this.#space() === 93) {
      this.#at++
      return items
    }
    for (;;) {
      items.push(this.value(depth))
      const code = this.#space()
      if (code !== 44 && code !== 93) this.#fail('expected , or ] in an array')
      this.#at++
      if (code === 93) return items
    }
  }

  #object(depth: number): { [key: string]: Json } {
    if (depth > this.#most) this.#fail(`nested deeper than ${this.#most}`, this.#at, 'limit')
    this.#at++
    const object: { [key: string]: Json } = Object.create(null)
    if (this.#space() === 125) {
      this.#at++
      return object
    }
    for (;;) {
      const place = this.#at
      if (this.#space() !== 34) this.#fail('expected a key in an object')
      const key = this.#string()
      if (key in object) this.#fail(`duplicate key ${JSON.stringify(key)}`, place)
      if (this.#space() !== 58) this.#fail('expected : after a key')
      this.#at++
      object[key] = this.value(depth)
      const code = this.#space()
      if (code !== 44 && code !== 125) this.#fail('expected , or } in an object')
      this.#at++
      if (code === 125) return object
    }
  }
}

/** JSON text of a value, its `bigint`s as exact integers. */
export function stringifyJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return `[${value.map(stringifyJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const pairs = Object.keys(value).map((key) => {
    return `${JSON.stringify(key)}:${stringifyJson((value as Record<string, unknown>)[key])}`
  })
  return `{${pairs.join(',')}}`
}

/** True for an object a JSON text could have made: not an array, not of a class. */
export function isPlainObject(value: unknown): value is { [key: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}
