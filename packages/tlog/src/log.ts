import {
  type Checkpoint,
  formatCheckpoint,
  openCheckpoint,
  type SignedCheckpoint,
  signCheckpoint,
} from './checkpoint.ts'
import { TlogError } from './error.ts'
import { emptyRoot, equalBytes, leafHash, rootOfComplete } from './hash.ts'
import { type Ed25519Sign, formatVerifierKey, noteAlgorithm, parseVerifierKey, type VerifierKey } from './note.ts'
import type { LogStorage } from './storage.ts'
import { decodeBundle, encodeBundle, entryMost, hashesAtLevel, type Tile, tilePath, tileWidth } from './tile.ts'
import { type ReadTile, Tree } from './tree.ts'

export interface LogOptions {
  /** Origin line and key name, as in `gatehouse.example.com/audit/log`. */
  readonly origin: string
  readonly storage: LogStorage
  /** 32 raw bytes of the Ed25519 public key. */
  readonly publicKey: Uint8Array
  readonly sign: Ed25519Sign
}

/** The right edge of the tree: for each level the hashes of its partial tile, and the partial bundle. */
interface Edge {
  entries: Buffer[]
  levels: Buffer[][]
}

/**
 * The one writer of a log. INVARIANT: tiles and bundles are durable before the checkpoint that promises them is signed, and
 * a checkpoint is signed only over what extends the one before. A crash between the two leaves files that no checkpoint
 * needs; the next append writes over them.
 */
export class Log {
  readonly verifierKey: VerifierKey
  readonly #options: LogOptions
  #edge: Edge
  #checkpoint: SignedCheckpoint
  #busy: Promise<unknown> = Promise.resolve()

  private constructor(options: LogOptions, verifierKey: VerifierKey, checkpoint: SignedCheckpoint, edge: Edge) {
    this.#options = options
    this.verifierKey = verifierKey
    this.#checkpoint = checkpoint
    this.#edge = edge
  }

  /**
   * Opens the log that the storage holds, or begins one with a checkpoint of size 0.
   * @throws {TlogError} when the stored checkpoint is not ours, or the tree's edge does not hash to its root
   */
  static async open(options: LogOptions): Promise<Log> {
    const key = parseVerifierKey(formatVerifierKey(options.origin, noteAlgorithm.ed25519, options.publicKey))
    const stored = await options.storage.read('checkpoint')
    if (stored === undefined) {
      const first = await signCheckpoint(
        { origin: options.origin, size: 0, root: emptyRoot },
        options.publicKey,
        options.sign,
      )
      await options.storage.writeCheckpoint(formatCheckpoint(first))
      return new Log(options, key, first, { entries: [], levels: [] })
    }
    const checkpoint = openCheckpoint(Buffer.from(stored).toString('utf8'), key)
    const read = readTiles(options.storage)
    const root = await new Tree(checkpoint.size, read).root()
    if (!equalBytes(root, checkpoint.root))
      throw new TlogError('forged', 'the stored tiles do not hash to the stored checkpoint')
    return new Log(options, key, checkpoint, await readEdge(checkpoint.size, read))
  }

  get checkpoint(): SignedCheckpoint {
    return this.#checkpoint
  }

  /** The tree as of the newest checkpoint, for proofs. */
  tree(size = this.#checkpoint.size): Tree {
    return new Tree(size, readTiles(this.#options.storage))
  }

  /**
   * Appends entries (each at most 65,535 bytes) and signs a checkpoint over them: all or nothing, durable once it returns.
   * Appends are done one after another.
   * @returns the index of the first
   * @throws {TlogError} `too_large`; whatever the storage throws, and then nothing was appended
   */
  append(entries: readonly Uint8Array[]): Promise<number> {
    const turn = this.#busy.then(() => this.#append(entries))
    this.#busy = turn.catch(() => undefined)
    return turn
  }

  async #append(entries: readonly Uint8Array[]): Promise<number> {
    const start = this.#checkpoint.size
    if (entries.length === 0) return start
    for (const entry of entries) {
      if (entry.length > entryMost)
        throw new TlogError('too_large', `an entry of ${entry.length} bytes: at most ${entryMost}`)
    }
    const edge: Edge = { entries: [...this.#edge.entries], levels: this.#edge.levels.map((level) => [...level]) }
    const files = new Map<string, Uint8Array>()
    let size = start
    for (const entry of entries) {
      edge.entries.push(Buffer.from(entry))
      push(edge, files, 0, leafHash(entry), size)
      size++
      if (edge.entries.length === tileWidth) {
        files.set(
          tilePath({ level: 'entries', index: size / tileWidth - 1, width: tileWidth }),
          encodeBundle(edge.entries),
        )
        edge.entries = []
      }
    }
    for (const [path, bytes] of partialFiles(edge, size)) files.set(path, bytes)
    await this.#options.storage.write(files)

    const next: Checkpoint = { origin: this.#options.origin, size, root: rootOfEdge(edge) }
    const signed = await signCheckpoint(next, this.#options.publicKey, this.#options.sign)
    await this.#options.storage.writeCheckpoint(formatCheckpoint(signed))
    this.#checkpoint = signed
    this.#edge = edge
    return start
  }
}

/** Reads tiles from a storage. */
export function readTiles(storage: Pick<LogStorage, 'read'>): ReadTile {
  return (tile: Tile) => storage.read(tilePath(tile))
}

/** Adds a hash to a level; a level that becomes full is a full tile, whose root goes to the level above. */
function push(edge: Edge, files: Map<string, Uint8Array>, level: number, hash: Buffer, index: number): void {
  while (edge.levels.length <= level) edge.levels.push([])
  const hashes = edge.levels[level] as Buffer[]
  hashes.push(hash)
  if (hashes.length < tileWidth) return
  const full = Buffer.concat(hashes)
  const tile = Math.floor(index / tileWidth)
  files.set(tilePath({ level, index: tile, width: tileWidth }), full)
  edge.levels[level] = []
  push(edge, files, level + 1, rootOfComplete(full), tile)
}

function* partialFiles(edge: Edge, size: number): Generator<[string, Uint8Array]> {
  if (edge.entries.length > 0) {
    const tile = { level: 'entries', index: Math.floor(size / tileWidth), width: edge.entries.length } as const
    yield [tilePath(tile), encodeBundle(edge.entries)]
  }
  for (const [level, hashes] of edge.levels.entries()) {
    if (hashes.length === 0) continue
    const index = Math.floor(hashesAtLevel(size, level) / tileWidth)
    yield [tilePath({ level, index, width: hashes.length }), Buffer.concat(hashes)]
  }
}

/** The root of a tree whose complete subtrees are the edge's hashes (RFC 6962 §2.1, right to left). */
function rootOfEdge(edge: Edge): Buffer {
  const peaks: Buffer[] = []
  for (const hashes of [...edge.levels].reverse()) {
    let at = 0
    for (let width = tileWidth / 2; width >= 1; width /= 2) {
      if (!(hashes.length & width)) continue
      peaks.push(rootOfComplete(Buffer.concat(hashes.slice(at, at + width))))
      at += width
    }
  }
  return peaks.reduceRight((right, left) => rootOfComplete(Buffer.concat([left, right])))
}

async function readEdge(size: number, read: ReadTile): Promise<Edge> {
  const edge: Edge = { entries: [], levels: [] }
  for (let level = 0; hashesAtLevel(size, level) > 0; level++) {
    const count = hashesAtLevel(size, level)
    const width = count % tileWidth
    const hashes: Buffer[] = []
    if (width > 0) {
      const bytes = await requireFile({ level, index: Math.floor(count / tileWidth), width }, read)
      for (let at = 0; at < width; at++) hashes.push(bytes.subarray(at * 32, at * 32 + 32))
    }
    edge.levels.push(hashes)
  }
  const width = size % tileWidth
  if (width > 0) {
    const bundle = await requireFile({ level: 'entries', index: Math.floor(size / tileWidth), width }, read)
    edge.entries = decodeBundle(bundle, width)
    for (const [at, entry] of edge.entries.entries()) {
      if (!equalBytes(leafHash(entry), edge.levels[0]?.[at] as Buffer)) {
        throw new TlogError('forged', `entry ${size - width + at} does not hash to its leaf`)
      }
    }
  }
  return edge
}

async function requireFile(tile: Tile, read: ReadTile): Promise<Buffer> {
  const bytes = await read(tile)
  if (bytes === undefined) throw new TlogError('missing', `${tilePath(tile)} is missing`)
  return Buffer.from(bytes)
}
