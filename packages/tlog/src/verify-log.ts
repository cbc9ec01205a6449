import { formatCheckpointText, openCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { TlogError } from './error.ts'
import { emptyRoot, equalBytes, leafHash, rootOfComplete } from './hash.ts'
import type { VerifierKey } from './note.ts'
import { requireQuorum, type TrustPolicy } from './policy.ts'
import { decodeBundle, hashesAtLevel, type Tile, tilePath, tileWidth } from './tile.ts'
import { type ReadTile, Tree } from './tree.ts'

export interface VerifyLogOptions {
  /** The checkpoint as served. */
  readonly checkpoint: string
  readonly logKey: VerifierKey
  readonly read: ReadTile
  /** Checkpoints kept from before: each must be a prefix of this one. */
  readonly earlier?: readonly string[]
  readonly policy?: TrustPolicy
  /** Sees every entry in order. */
  readonly onEntry?: (index: number, entry: Buffer) => void
  readonly onProgress?: (done: number, size: number) => void
}

/**
 * Recomputes the whole log from its entries: every entry against its leaf, every tile against the tiles below, the root
 * against the signed checkpoint, and consistency with every earlier checkpoint.
 * @throws {TlogError} naming the first thing that is wrong
 */
export async function verifyLog(options: VerifyLogOptions): Promise<SignedCheckpoint> {
  const checkpoint = openCheckpoint(options.checkpoint, options.logKey)
  if (options.policy) requireQuorum(checkpoint.note, options.policy)
  const { size } = checkpoint
  let below = await verifyLeaves(options, size)
  for (let level = 1; hashesAtLevel(size, level) > 0; level++) {
    const above: Buffer[] = []
    for (const [index, hashes] of chunks(hashesAtLevel(size, level - 1), below)) {
      if (hashes.length === tileWidth * 32) above[index] = rootOfComplete(hashes)
    }
    for (const [index, computed] of chunks(hashesAtLevel(size, level), Buffer.concat(above))) {
      await requireTile(options, { level, index, width: computed.length / 32 }, computed)
    }
    below = Buffer.concat(above)
  }
  const root = await new Tree(size, options.read).root()
  if (!equalBytes(root, checkpoint.root))
    throw new TlogError('forged', 'the entries do not hash to the root of the checkpoint')
  for (const text of options.earlier ?? [])
    await verifyEarlier(openCheckpoint(text, options.logKey), checkpoint, options.read)
  return checkpoint
}

async function verifyEarlier(earlier: SignedCheckpoint, now: SignedCheckpoint, read: ReadTile): Promise<void> {
  const fork = () =>
    new TlogError(
      'inconsistent',
      `the log has forked: it signed at size ${earlier.size} what is no beginning of size ${now.size}:\n${formatCheckpointText(earlier)}`,
    )
  if (earlier.size > now.size) throw fork()
  if (!equalBytes(earlier.root, await prefixRoot(earlier.size, now.size, read))) throw fork()
}

/** The root that the first `size` leaves of a tree of `of` leaves have. */
async function prefixRoot(size: number, of: number, read: ReadTile): Promise<Buffer> {
  if (size === 0) return emptyRoot
  const proof = await new Tree(of, read).consistencyProof(size)
  if (proof.length === 0) return new Tree(of, read).root()
  // The old root is made of the complete subtrees left of `size`; all of them lie in tiles of the larger tree.
  return new Tree(size, async (tile) => {
    const whole = Math.min(tileWidth, hashesAtLevel(of, tile.level as number) - tile.index * tileWidth)
    const bytes = await read({ ...tile, width: whole })
    return bytes?.subarray(0, tile.width * 32)
  }).root()
}

async function verifyLeaves(options: VerifyLogOptions, size: number): Promise<Buffer> {
  const leaves = Buffer.alloc(size * 32)
  for (let first = 0; first < size; first += tileWidth) {
    const width = Math.min(tileWidth, size - first)
    const index = first / tileWidth
    const path = tilePath({ level: 'entries', index, width })
    const bundle = await options.read({ level: 'entries', index, width })
    if (bundle === undefined) throw new TlogError('missing', `${path} is missing`)
    const entries = decode(bundle, width, path)
    for (const [at, entry] of entries.entries()) {
      leaves.set(leafHash(entry), (first + at) * 32)
      options.onEntry?.(first + at, entry)
    }
    await requireTile(options, { level: 0, index, width }, leaves.subarray(first * 32, (first + width) * 32))
    options.onProgress?.(first + width, size)
  }
  return leaves
}

function decode(bundle: Uint8Array, width: number, path: string): Buffer[] {
  try {
    return decodeBundle(bundle, width)
  } catch (error) {
    throw new TlogError('forged', `${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function requireTile(options: VerifyLogOptions, tile: Tile, computed: Buffer): Promise<void> {
  const stored = await options.read(tile)
  if (stored === undefined) throw new TlogError('missing', `${tilePath(tile)} is missing`)
  if (!equalBytes(stored, computed))
    throw new TlogError('forged', `${tilePath(tile)} is not what the entries below hash to`)
}

function* chunks(count: number, hashes: Buffer): Generator<[number, Buffer]> {
  for (let index = 0; index * tileWidth < count; index++) {
    yield [index, hashes.subarray(index * tileWidth * 32, Math.min(count, (index + 1) * tileWidth) * 32)]
  }
}
