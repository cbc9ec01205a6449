import { hash, randomUUID } from 'node:crypto'
import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A closed part of a stream: what is shipped in one request. */
export interface Segment {
  readonly stream: string
  readonly sequence: number
  /** Hash of the one before; empty for the first. */
  readonly previous: string
  readonly lines: string
  readonly hash: string
  readonly count: number
  readonly file: string | undefined
}

const shape = /^([\w-]{8,64})\.(\d{10})\.([\w-]{0,43})\.ndjson$/

export const hashSegment = (previous: string, lines: string): string =>
  hash('sha256', `${previous}\n${lines}`, 'base64url')

/**
 * The decisions of this process until the server has them: one stream of segments, each chained to the one before. With a directory
 * they survive the end of the process, and what an earlier one left is shipped first; without one they live in memory.
 */
export class Spool {
  readonly #directory: string | undefined
  readonly #stream = randomUUID()
  #sequence = 1
  #previous = ''
  #next = 1
  #fd: number | undefined
  #file: string | undefined
  #lines: string[] = []
  #count = 0
  #bytes = 0
  /** Of the open file, in bytes. */
  #size = 0

  /** @param directory of this process alone; made when missing */
  constructor(directory: string | undefined) {
    this.#directory = directory
    if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** How many decisions the open segment holds, and how many characters. */
  get open(): { readonly count: number; readonly bytes: number } {
    return { count: this.#count, bytes: this.#bytes }
  }

  /** The number that the next decision gets. */
  get next(): number {
    return this.#next
  }

  /** Appends whole lines; they survive the end of the process once this returns. @throws the system's error (ENOSPC, EIO) */
  append(text: string, count: number): void {
    if (this.#directory !== undefined) {
      if (this.#fd === undefined) {
        const name = `${this.#stream}.${String(this.#sequence).padStart(10, '0')}.${this.#previous}.ndjson`
        this.#file = join(this.#directory, name)
        this.#fd = openSync(this.#file, 'ax', 0o600)
      }
      const bytes = Buffer.from(text)
      try {
        for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written)
      } catch (error) {
        ftruncateSync(this.#fd, this.#size)
        throw error
      }
      this.#size += bytes.length
    }
    this.#lines.push(text)
    this.#count += count
    this.#bytes += text.length
    this.#next += count
  }

  /** Ends the open segment, to be shipped; an empty one too, whose watermark says that nothing was decided. */
  close(): Segment {
    const lines = this.#lines.join('')
    const segment: Segment = {
      stream: this.#stream,
      sequence: this.#sequence,
      previous: this.#previous,
      lines,
      hash: hashSegment(this.#previous, lines),
      count: this.#count,
      file: this.#file,
    }
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    this.#file = undefined
    this.#sequence++
    this.#previous = segment.hash
    this.#lines = []
    this.#count = this.#bytes = this.#size = 0
    return segment
  }

  /** The server has it. */
  forget({ file }: Segment): void {
    if (file !== undefined) rmSync(file, { force: true })
  }

  /** What earlier processes left, stream by stream in order. A last line without its end was never acknowledged. */
  leftovers(): Segment[] {
    if (this.#directory === undefined) return []
    const found: Segment[] = []
    for (const name of readdirSync(this.#directory).sort()) {
      const [, stream, sequence, previous] = shape.exec(name) ?? []
      if (stream === undefined || previous === undefined || stream === this.#stream) continue
      const file = join(this.#directory, name)
      const text = readFileSync(file, 'utf8')
      const lines = text.slice(0, text.lastIndexOf('\n') + 1)
      const count = lines.split('\n').length - 1
      found.push({
        stream,
        sequence: Number(sequence),
        previous,
        lines,
        hash: hashSegment(previous, lines),
        count,
        file,
      })
    }
    return found
  }
}
