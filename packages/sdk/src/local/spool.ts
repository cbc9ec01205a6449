import { createHash, type Hash, randomUUID } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** A closed part of a stream: what is shipped in one request. */
export interface Segment {
  readonly stream: string
  readonly sequence: number
  /** Hash of the one before; empty for the first. */
  readonly previous: string
  readonly hash: string
  readonly count: number
  readonly file: string | undefined
  /** Its lines, from where they are kept, good until the next segment is read. @throws the system's error when the file cannot be read */
  read(): Buffer
}

const lineFeed = 10
const shape = /^([\w-]{8,64})\.(\d{10})\.([\w-]{0,43})\.ndjson$/

const beginHash = (previous: string): Hash => createHash('sha256').update(`${previous}\n`)

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
  /** Without a directory, the lines of the open segment. */
  #chunks: Buffer[] = []
  #hash: Hash = beginHash('')
  /** Files are read into it, one after another. */
  #scratch: Buffer = Buffer.alloc(0)
  #count = 0
  #bytes = 0

  /** @param directory of this process alone; made when missing */
  constructor(directory: string | undefined) {
    this.#directory = directory
    if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 })
  }

  /** Names what this process decides among all that its application does. */
  get stream(): string {
    return this.#stream
  }

  /** How many decisions the open segment holds, and how many bytes. */
  get open(): { readonly count: number; readonly bytes: number } {
    return { count: this.#count, bytes: this.#bytes }
  }

  /** The number that the next decision gets. */
  get next(): number {
    return this.#next
  }

  /**
   * Appends whole lines, which are the caller's again afterwards; they survive the end of the process once this returns.
   * @throws the system's error (ENOSPC, EIO)
   */
  append(bytes: Buffer, count: number): void {
    if (this.#directory === undefined) this.#chunks.push(Buffer.from(bytes))
    else {
      if (this.#fd === undefined) {
        const name = `${this.#stream}.${String(this.#sequence).padStart(10, '0')}.${this.#previous}.ndjson`
        this.#file = join(this.#directory, name)
        this.#fd = openSync(this.#file, 'ax', 0o600)
      }
      try {
        for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written)
      } catch (error) {
        ftruncateSync(this.#fd, this.#bytes)
        throw error
      }
    }
    this.#hash.update(bytes)
    this.#count += count
    this.#bytes += bytes.length
    this.#next += count
  }

  /** Ends the open segment, to be shipped; an empty one too, whose watermark says that nothing was decided. */
  close(): Segment {
    const chunks = this.#chunks
    const file = this.#file
    const segment: Segment = {
      stream: this.#stream,
      sequence: this.#sequence,
      previous: this.#previous,
      hash: this.#hash.digest('base64url'),
      count: this.#count,
      file,
      // What waits for the server waits on disk, not in memory.
      read: () => (file === undefined ? Buffer.concat(chunks) : this.#read(file)),
    }
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    this.#file = undefined
    this.#sequence++
    this.#previous = segment.hash
    this.#hash = beginHash(segment.hash)
    this.#chunks = []
    this.#count = this.#bytes = 0
    return segment
  }

  #read(file: string): Buffer {
    const fd = openSync(file, 'r')
    try {
      const { size } = fstatSync(fd)
      if (this.#scratch.length < size) this.#scratch = Buffer.allocUnsafeSlow(size)
      let read = 0
      for (let more = -1; more !== 0 && read < size; read += more)
        more = readSync(fd, this.#scratch, read, size - read, read)
      return this.#scratch.subarray(0, read)
    } finally {
      closeSync(fd)
    }
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
      const whole = (): Buffer => {
        const bytes = readFileSync(file)
        return bytes.subarray(0, bytes.lastIndexOf(lineFeed) + 1)
      }
      const lines = whole()
      let count = 0
      for (let at = lines.indexOf(lineFeed); at !== -1; at = lines.indexOf(lineFeed, at + 1)) count++
      found.push({
        stream,
        sequence: Number(sequence),
        previous,
        hash: beginHash(previous).update(lines).digest('base64url'),
        count,
        file,
        read: whole,
      })
    }
    return found
  }
}
