import {
  close,
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { LineBytes } from '@gatehouse/sdk/line-bytes'
import { type DecisionRecord, decodeRecord, encodeRecord, type KeptDecision } from './record.ts'

/** The open segment: what decisions are appended to. */
export class Segment {
  readonly path: string
  /** The number of its first record. */
  readonly first: number
  readonly openedAtMs: number
  readonly #fd: number
  #size: number
  /** Of each record: CRC-32 of its request id, and where its line begins. */
  readonly #ids: number[]
  readonly #offsets: number[]
  /** Lines to be written, where each begins in them, and the CRC-32 of its request id. */
  readonly #lines = new LineBytes()
  #starts: number[] = []
  #stagedIds: number[] = []

  private constructor(path: string, first: number, openedAtMs: number, fd: number, found: Found) {
    this.path = path
    this.first = first
    this.openedAtMs = openedAtMs
    this.#fd = fd
    this.#size = found.size
    this.#ids = found.ids
    this.#offsets = found.offsets
  }

  /** A new, empty segment; its name is durable once this returns. */
  static create(path: string, first: number, nowMs: number): Segment {
    const fd = openSync(path, 'a+', 0o600)
    const directory = openSync(dirname(path), 'r')
    try {
      fsyncSync(directory)
    } finally {
      closeSync(directory)
    }
    return new Segment(path, first, nowMs, fd, { size: 0, ids: [], offsets: [] })
  }

  /**
   * Takes up a segment that a crash left open. What follows the last whole record was never acknowledged: it is cut off,
   * and kept beside as `<path>.torn`.
   */
  static recover(path: string, first: number, nowMs: number): Segment {
    const bytes = readFileSync(path)
    const found = scan(bytes, first)
    const fd = openSync(path, 'a+', 0o600)
    if (found.size < bytes.length) {
      writeFileSync(`${path}.torn`, bytes.subarray(found.size), { mode: 0o600 })
      ftruncateSync(fd, found.size)
      fsyncSync(fd)
    }
    return new Segment(path, first, nowMs, fd, found)
  }

  get size(): number {
    return this.#size
  }

  /** The number that the next record gets that is written. */
  get next(): number {
    return this.first + this.#offsets.length
  }

  /** How many records are staged. */
  get staged(): number {
    return this.#starts.length
  }

  /** Makes the lines of records, to be written together with what comes meanwhile. Nothing of the records is kept. */
  stage(records: readonly DecisionRecord[]): void {
    let requestId: string | undefined
    let id = 0
    for (const record of records) {
      // The decisions of one request lie together.
      if (record.requestId !== requestId) {
        requestId = record.requestId
        id = sumOf(requestId)
      }
      this.#stagedIds.push(id)
      this.#starts.push(this.#lines.length)
      encodeRecord(this.#lines, this.first + this.#offsets.length + this.#starts.length - 1, record)
    }
  }

  /**
   * Writes what is staged, all or nothing of it, and has nothing staged then; it survives the end of the process once this returns.
   * @throws the system's error when the disk takes it not (ENOSPC, EIO)
   */
  write(): void {
    const bytes = this.#lines.taken()
    const [starts, ids] = [this.#starts, this.#stagedIds]
    const before = this.#size
    this.#starts = []
    this.#stagedIds = []
    this.#lines.clear()
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written)
    } catch (error) {
      try {
        ftruncateSync(this.#fd, before)
      } catch {
        // What is left of the line fails its checksum and is cut off at the next start.
      }
      throw error
    }
    for (let index = 0; index < starts.length; index++) {
      this.#ids.push(ids[index] as number)
      this.#offsets.push(before + (starts[index] as number))
    }
    this.#size = before + bytes.length
  }

  /** Resolves when everything appended so far is on the medium. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => fdatasync(this.#fd, (error) => (error ? reject(error) : resolve())))
  }

  find(requestId: string): KeptDecision[] {
    const wanted = crc32(requestId)
    const found: KeptDecision[] = []
    for (let index = 0; index < this.#ids.length; index++) {
      if (this.#ids[index] !== wanted) continue
      const record = this.read(index)
      if (record?.requestId === requestId) found.push(record)
    }
    return found
  }

  /** The record at `index` from the segment's beginning. */
  read(index: number): KeptDecision | undefined {
    const start = this.#offsets[index]
    if (start === undefined) return undefined
    const end = this.#offsets[index + 1] ?? this.#size
    const line = Buffer.alloc(end - start - 1)
    readSync(this.#fd, line, 0, line.length, start)
    return decodeRecord(line)
  }

  get length(): number {
    return this.#offsets.length
  }

  /** The request ids' index as `findInIndex` reads it: (CRC-32 of the id) × 2²¹ + index, ascending, doubles. */
  index(): Float64Array {
    const index = new Float64Array(this.#ids.length)
    for (let at = 0; at < index.length; at++) index[at] = (this.#ids[at] as number) * 2 ** 21 + at
    return index.sort()
  }

  /** What was removed meanwhile is let go by the system only now, which takes a while: not between decisions. */
  close(): void {
    close(this.#fd, () => undefined)
  }
}

interface Found {
  readonly size: number
  readonly ids: number[]
  readonly offsets: number[]
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1
  return sum
})

/** The CRC-32 of a text: of the few letters of an id, the way to the system's own costs more than the sum. */
export function sumOf(text: string): number {
  let sum = 0xffffffff
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) return crc32(text)
    sum = (sum >>> 8) ^ (table[(sum ^ code) & 0xff] as number)
  }
  return (sum ^ 0xffffffff) >>> 0
}

/** Reads lines as long as they are whole, unchanged and numbered in order. */
export function scan(bytes: Buffer, first: number): Found {
  const ids: number[] = []
  const offsets: number[] = []
  let start = 0
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    const record = decodeRecord(bytes.subarray(start, end))
    if (record === undefined || record.number !== first + offsets.length) break
    ids.push(crc32(record.requestId))
    offsets.push(start)
    start = end + 1
  }
  return { size: start, ids, offsets }
}
