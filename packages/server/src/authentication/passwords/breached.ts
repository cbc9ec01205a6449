import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { Fault, type Secret } from '#kernel'

const lineMost = 64

/**
 * Passwords that were seen in breaches, offline: a file of lines `SHA1[:count]`, upper-case hex, in ascending order, as "Have
 * I Been Pwned" publishes it ordered by hash. Looked up by halving: about 35 small reads in a file of a thousand million lines.
 */
export class BreachedPasswords {
  readonly #file: FileHandle
  readonly #size: number

  private constructor(file: FileHandle, size: number) {
    this.#file = file
    this.#size = size
  }

  /** @throws {Fault} `config.invalid` for a file that cannot be read or whose first line is no such line */
  static async open(path: string): Promise<BreachedPasswords> {
    const what = (detail: string) =>
      new Fault('config.invalid', { detail: `breached_passwords_file ${path} ${detail}` })
    const file = await open(path, 'r').catch((error) => {
      throw what(`cannot be read (${(error as { code?: string }).code})`)
    })
    const { size } = await file.stat()
    const list = new BreachedPasswords(file, size)
    const first = await list.#lineFrom(0)
    if (/^[0-9A-F]{40}(:\d+)?$/.test(first?.text ?? '')) return list
    await file.close()
    throw what('must have lines of SHA-1 in upper-case hex, in ascending order')
  }

  async has(password: Secret): Promise<boolean> {
    const wanted = createHash('sha1').update(password.reveal().normalize('NFC'), 'utf8').digest('hex').toUpperCase()
    let [from, to] = [0, this.#size]
    while (from < to) {
      const middle = Math.floor((from + to) / 2)
      const line = await this.#lineAfter(middle, from)
      if (line === undefined || line.at >= to) {
        to = middle
        continue
      }
      const hash = line.text.slice(0, 40)
      if (hash === wanted) return true
      if (hash < wanted) from = line.at + line.bytes
      else to = middle
    }
    return false
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** The first line that begins at `offset` or later; a line begins at `start`. */
  async #lineAfter(offset: number, start: number) {
    if (offset === start) return this.#lineFrom(offset)
    const text = await this.#read(offset - 1, lineMost + 1)
    const end = text.indexOf('\n')
    return end === -1 ? undefined : this.#lineFrom(offset + end)
  }

  async #lineFrom(at: number): Promise<{ at: number; bytes: number; text: string } | undefined> {
    if (at >= this.#size) return undefined
    const text = await this.#read(at, lineMost)
    const end = text.indexOf('\n')
    const whole = end === -1 ? text : text.slice(0, end)
    return { at, bytes: whole.length + 1, text: whole.trimEnd() }
  }

  async #read(at: number, bytes: number): Promise<string> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(bytes), 0, bytes, at)
    return buffer.toString('latin1', 0, bytesRead)
  }
}
