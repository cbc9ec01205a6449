import { TlogError } from './error.ts'
import { emptyRoot, hashLength, nodeHash, rootOfComplete } from './hash.ts'
import { type Tile, tileHolding, tilePath, tileWidth } from './tile.ts'

/** Gives the bytes of a tile or bundle, or undefined when there is none. */
export type ReadTile = (tile: Tile) => Promise<Uint8Array | undefined>

/** A tree of a given size, read through its tiles. Tiles are kept while the object lives; hashes are trusted as read. */
export class Tree {
  readonly size: number
  readonly #read: ReadTile
  readonly #tiles = new Map<string, Promise<Buffer>>()

  constructor(size: number, read: ReadTile) {
    if (!Number.isSafeInteger(size) || size < 0) throw new TypeError('size is not a safe integer')
    this.size = size
    this.#read = read
  }

  /** Merkle Tree Hash of the whole tree (RFC 6962 §2.1). */
  async root(): Promise<Buffer> {
    return this.size === 0 ? emptyRoot : this.#range(0, this.size)
  }

  /** Merkle audit path of a leaf, from its sibling up (RFC 6962 §2.1.1). @throws {RangeError} when there is no such leaf */
  async inclusionProof(index: number): Promise<Buffer[]> {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size)
      throw new RangeError(`no leaf ${index} of ${this.size}`)
    const path: Buffer[] = []
    let low = 0
    let high = this.size
    while (high - low > 1) {
      const middle = low + largestPowerBelow(high - low)
      if (index < middle) {
        path.push(await this.#range(middle, high))
        high = middle
      } else {
        path.push(await this.#range(low, middle))
        low = middle
      }
    }
    return path.reverse()
  }

  /** Merkle consistency proof from the first `from` leaves to the tree (RFC 6962 §2.1.2); empty from 0 and from its own size. */
  async consistencyProof(from: number): Promise<Buffer[]> {
    if (!Number.isSafeInteger(from) || from < 0 || from > this.size)
      throw new RangeError(`no tree of ${from} below ${this.size}`)
    if (from === 0 || from === this.size) return []
    const proof: Buffer[] = []
    let low = 0
    let high = this.size
    let wholeOld = true
    while (from !== high) {
      const middle = low + largestPowerBelow(high - low)
      if (from <= middle) {
        proof.push(await this.#range(middle, high))
        high = middle
      } else {
        proof.push(await this.#range(low, middle))
        low = middle
        wholeOld = false
      }
    }
    if (!wholeOld) proof.push(await this.#range(low, high))
    return proof.reverse()
  }

  /** MTH(D[low:high]), where the range is one that RFC 6962 splits a tree into. */
  async #range(low: number, high: number): Promise<Buffer> {
    const width = high - low
    if (isPowerOfTwo(width)) return this.#complete(low, width)
    const middle = low + largestPowerBelow(width)
    return nodeHash(await this.#range(low, middle), await this.#range(middle, high))
  }

  /** Root of the complete subtree over `width` = 2^h leaves from `low`, an aligned place. */
  async #complete(low: number, width: number): Promise<Buffer> {
    let level = 0
    let unit = 1
    while (unit * tileWidth <= width) {
      unit *= tileWidth
      level++
    }
    const first = low / unit
    const count = width / unit
    const tile = tileHolding(level, first, this.size)
    const hashes = await this.#tile(tile)
    const at = (first % tileWidth) * hashLength
    return rootOfComplete(hashes.subarray(at, at + count * hashLength))
  }

  #tile(tile: Tile): Promise<Buffer> {
    const path = tilePath(tile)
    let found = this.#tiles.get(path)
    if (found === undefined) {
      found = this.#fetch(tile, path)
      this.#tiles.set(path, found)
    }
    return found
  }

  async #fetch(tile: Tile, path: string): Promise<Buffer> {
    let bytes = await this.#read(tile)
    // A partial tile may be gone once the full one stands in its place: the full one begins with it.
    if (bytes === undefined && tile.width < tileWidth) {
      bytes = (await this.#read({ ...tile, width: tileWidth }))?.subarray(0, tile.width * hashLength)
    }
    if (bytes === undefined) throw new TlogError('missing', `${path} is missing`)
    if (bytes.length !== tile.width * hashLength) {
      throw new TlogError('malformed', `${path} has ${bytes.length} bytes, not ${tile.width * hashLength}`)
    }
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
}

/** The largest power of two smaller than `n`, for n > 1. */
export function largestPowerBelow(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

function isPowerOfTwo(n: number): boolean {
  return n === 1 || largestPowerBelow(n) * 2 === n
}
