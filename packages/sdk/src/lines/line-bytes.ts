const enough = 64 * 1024
/** A buffer that once had to hold more than this is let go after it is taken. */
const keptMost = 4 * 2 ** 20

/** What JSON lets stand in a string as it is, of ASCII. */
const isPlain = (code: number) => code >= 0x20 && code <= 0x7e && code !== 0x22 && code !== 0x5c

/** The bytes of text that holds ASCII only: written once, copied often. */
export const asciiBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

/**
 * Lines of JSON as bytes, put together in one buffer that is used again: no string is built, so that a record costs about as much as
 * copying it. For paths that write a hundred thousand lines a second.
 */
export class LineBytes {
  #bytes: Uint8Array = new Uint8Array(enough)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Begins anew. What was taken before may be overwritten from now on. */
  clear(): void {
    if (this.#bytes.length > keptMost) this.#bytes = new Uint8Array(enough)
    this.#length = 0
  }

  /** What stands in it, as a view that is good until `clear`. */
  taken(): Buffer {
    return Buffer.from(this.#bytes.buffer, 0, this.#length)
  }

  raw(given: Uint8Array): void {
    const { length } = given
    const bytes = this.#room(length)
    let to = this.#length
    for (let at = 0; at < length; at++) bytes[to++] = given[at] as number
    this.#length = to
  }

  byte(code: number): void {
    this.#room(1)[this.#length++] = code
  }

  /** Text as a JSON string, exactly as `JSON.stringify` writes it. */
  quoted(text: string): void {
    const { length } = text
    const bytes = this.#room(length + 2)
    let to = this.#length
    bytes[to++] = 0x22
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at)
      if (!isPlain(code)) {
        this.#escaped(text)
        return
      }
      bytes[to++] = code
    }
    bytes[to++] = 0x22
    this.#length = to
  }

  /** A list of strings. */
  quotedAll(texts: readonly string[]): void {
    this.byte(0x5b)
    for (let at = 0; at < texts.length; at++) {
      if (at > 0) this.byte(0x2c)
      this.quoted(texts[at] as string)
    }
    this.byte(0x5d)
  }

  /** A safe integer that is not negative. */
  count(value: number): void {
    const bytes = this.#room(16)
    let digits = 1
    for (let most = 10; value >= most; most *= 10) digits++
    let at = this.#length + digits
    this.#length = at
    let left = value
    // Beyond 31 bits arithmetic is of doubles: the lower nine digits are taken off first.
    if (left >= 1_000_000_000) {
      const upper = Math.floor(left / 1_000_000_000)
      let lower = (left - upper * 1_000_000_000) | 0
      for (let digit = 0; digit < 9; digit++) {
        const rest = (lower / 10) | 0
        bytes[--at] = 0x30 + lower - rest * 10
        lower = rest
      }
      left = upper
    }
    let small = left | 0
    const end = at
    do {
      const rest = (small / 10) | 0
      bytes[--at] = 0x30 + small - rest * 10
      small = rest
    } while (small > 0 && at > end - digits)
  }

  /** Replaces a byte that was written before. */
  patch(at: number, code: number): void {
    this.#bytes[at] = code
  }

  /** What stands from a place on, as a view that is good until the next write. */
  viewFrom(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#length)
  }

  #escaped(text: string): void {
    const json = JSON.stringify(text)
    const length = Buffer.byteLength(json)
    const bytes = this.#room(length)
    Buffer.from(bytes.buffer).write(json, this.#length, 'utf8')
    this.#length += length
  }

  #room(more: number): Uint8Array {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return this.#bytes
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
    return larger
  }
}
