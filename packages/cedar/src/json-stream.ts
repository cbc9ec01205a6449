import { CedarError } from './errors.ts'
import { type Json, parseJson } from './json.ts'
import { limits } from './limits.ts'

const mostElement = 67_108_864
const depth = limits.valueDepth + 8

/**
 * The elements of a JSON array, or of newline-delimited JSON, from chunks of its text: at no time is more than one
 * element held. They are read as `parseJson` reads them: exact integers, no floats, no duplicate keys.
 * @throws {CedarError} `json` for what is neither, `limit` for one element beyond 64 Mi characters
 */
export async function* jsonElements(
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): AsyncGenerator<Json[]> {
  const splitter = new Splitter()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const chunk of chunks) {
    const found = splitter.push(typeof chunk === 'string' ? chunk : decode(decoder, chunk))
    if (found.length > 0) yield found
  }
  splitter.end()
}

function decode(
  decoder: { decode(chunk: Uint8Array, options: { stream: boolean }): string },
  chunk: Uint8Array,
): string {
  try {
    return decoder.decode(chunk, { stream: true })
  } catch {
    throw new CedarError('json', 'the stream of JSON is not UTF-8')
  }
}

const [quote, backslash, opening, closing, list, listEnd] = [34, 92, 123, 125, 91, 93]

/** Cuts a text into the elements of its top-level array, or into its top-level values, and reads them. */
class Splitter {
  #held = ''
  #depth = 0
  #inString = false
  #escaped = false
  #array: boolean | undefined
  #closed = false
  #comma = true
  #texts: string[] = []
  #colons = 0
  #doneColons = 0
  #digits = 0
  /** The element, or one of those done, holds what only the exact parser reads or refuses rightly. */
  #exact = false
  #doneExact = false

  push(text: string): Json[] {
    let start = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (code === backslash) this.#escaped = this.#exact = true
        else if (code === quote) this.#inString = false
        else if (code < 32 || code > 0xd7ff) this.#exact = true
      } else if (this.#depth === 0) {
        if (this.#between(code)) start = at
      } else if (code === quote) this.#inString = true
      else if (code === 58) this.#colons++
      else if (code >= 48 && code <= 57) {
        if (++this.#digits > 15) this.#exact = true
        continue
      } else if (code === opening || code === list) this.#depth++
      else if (code === closing || code === listEnd) {
        if (--this.#depth === 0) {
          this.#texts.push(this.#held === '' ? text.slice(start, at + 1) : this.#held + text.slice(start, at + 1))
          this.#held = ''
          start = at + 1
          this.#doneColons += this.#colons
          this.#doneExact ||= this.#exact
        }
      } else if (code === 46 || code === 69 || (code === 101 && this.#digits > 0)) this.#exact = true
      this.#digits = 0
    }
    if (this.#depth > 0) this.#held += text.slice(start)
    if (this.#held.length > mostElement) throw new CedarError('limit', 'one element of a JSON stream is too long')
    return this.#read()
  }

  /** One character outside of any element; true where an element starts. */
  #between(code: number): boolean {
    if (code === 32 || code === 10 || code === 13 || code === 9) return false
    if (this.#closed) throw new CedarError('json', 'text after the end of the JSON array')
    if (code === list && this.#array === undefined) {
      this.#array = true
      return false
    }
    if (this.#array === true && code === listEnd) {
      this.#closed = true
      return false
    }
    if (this.#array === true && code === 44 && !this.#comma) {
      this.#comma = true
      return false
    }
    this.#array ??= false
    if (code !== opening) throw new CedarError('json', 'expected an object { … } in a stream of JSON')
    if (this.#array && !this.#comma) throw new CedarError('json', 'expected , between the elements of an array')
    this.#comma = false
    this.#depth = 1
    this.#colons = 0
    this.#exact = false
    return true
  }

  /**
   * INVARIANT: the engine's own parser is several times faster, and is used only where it says the same: no long
   * integer, no float, no escape, and as many keys as there are colons, so none twice.
   */
  #read(): Json[] {
    const texts = this.#texts
    const colons = this.#doneColons
    const exact = this.#doneExact
    this.#texts = []
    this.#doneColons = 0
    this.#doneExact = false
    if (!exact && texts.length > 0) {
      try {
        const values = JSON.parse(`[${texts.join(',')}]`) as Json[]
        if (countKeys(values, -1) === colons) return values
      } catch {
        // The exact parser says where it is wrong.
      }
    }
    return texts.map((text) => parseJson(text, depth))
  }

  end(): void {
    if (this.#depth > 0 || (this.#array === true && !this.#closed))
      throw new CedarError('json', 'the stream of JSON ends in the middle')
  }
}

/** How many keys a value holds; NaN for one nested too deep or holding null, which the exact parser then refuses. */
function countKeys(value: Json | null, level: number): number {
  if (typeof value !== 'object') return 0
  if (level > depth || value === null) return Number.NaN
  let count = 0
  if (Array.isArray(value)) for (const item of value) count += countKeys(item, level + 1)
  else for (const key in value) count += 1 + countKeys(value[key] as Json, level + 1)
  return count
}
