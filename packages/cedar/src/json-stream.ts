import { CedarError } from './errors.ts'
import { type Json, parseJson } from './json.ts'
import { limits } from './limits.ts'

const mostElement = 67_108_864

/**
 * The elements of a JSON array, or of newline-delimited JSON, from chunks of its text: at no time is more than one
 * element held. Integers are exact, as in `parseJson`.
 * @throws {CedarError} `json` for what is neither, `limit` for one element beyond 64 Mi characters
 */
export async function* jsonElements(
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
): AsyncGenerator<Json> {
  const splitter = new Splitter()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const chunk of chunks) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    for (const element of splitter.push(text)) yield parseJson(element, limits.valueDepth + 8)
  }
  splitter.end()
}

const quote = 34
const backslash = 92

/** Cuts a text into the elements of its top-level array, or into its top-level values. */
class Splitter {
  #held = ''
  #depth = 0
  #inString = false
  #escaped = false
  #array: boolean | undefined
  #closed = false
  #comma: boolean

  constructor() {
    this.#comma = true
  }

  *push(text: string): Generator<string> {
    let start = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (code === backslash) this.#escaped = true
        else if (code === quote) this.#inString = false
        continue
      }
      if (this.#depth === 0) {
        if (code === 32 || code === 10 || code === 13 || code === 9) continue
        if (code === 91 && this.#array === undefined) {
          this.#array = true
          continue
        }
        if (this.#closed) throw new CedarError('json', 'text after the end of the JSON array')
        if (this.#array === true && code === 93) {
          this.#closed = true
          continue
        }
        if (this.#array === true && code === 44 && !this.#comma) {
          this.#comma = true
          continue
        }
        this.#array ??= false
        if (code !== 123) throw new CedarError('json', 'expected an object { … } in a stream of JSON')
        if (this.#array && !this.#comma) throw new CedarError('json', 'expected , between the elements of an array')
        this.#comma = false
        this.#depth = 1
        start = at
        continue
      }
      if (code === quote) this.#inString = true
      else if (code === 123 || code === 91) this.#depth++
      else if ((code === 125 || code === 93) && --this.#depth === 0) {
        yield this.#held + text.slice(start, at + 1)
        this.#held = ''
        start = at + 1
      }
    }
    if (this.#depth > 0) this.#held += text.slice(start)
    if (this.#held.length > mostElement) throw new CedarError('limit', 'one element of a JSON stream is too long')
  }

  end(): void {
    if (this.#depth > 0 || (this.#array === true && !this.#closed))
      throw new CedarError('json', 'the stream of JSON ends in the middle')
  }
}
