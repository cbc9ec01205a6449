import { TlogError } from './error.ts'

/** Hashes in a full tile, entries in a full bundle (C2SP tlog-tiles). */
export const tileWidth = 256
/** Largest entry: its length is framed by a big-endian uint16. */
export const entryMost = 65_535

export interface Tile {
  /** 0 to 63, or `entries` for an entry bundle. */
  readonly level: number | 'entries'
  readonly index: number
  /** 1 to 256; 256 is a full tile. */
  readonly width: number
}

/** The path of a tile below the log's prefix, as in `tile/1/x001/x234/067.p/17`. */
export function tilePath(tile: Tile): string {
  const parts = [String(tile.index % 1_000).padStart(3, '0')]
  for (let rest = Math.floor(tile.index / 1_000); rest > 0; rest = Math.floor(rest / 1_000)) {
    parts.unshift(`x${String(rest % 1_000).padStart(3, '0')}`)
  }
  const partial = tile.width === tileWidth ? '' : `.p/${tile.width}`
  return `tile/${tile.level}/${parts.join('/')}${partial}`
}

const shape = /^tile\/(0|[1-9]\d?|entries)\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/

/** Reads a path that `tilePath` writes; undefined for any other spelling, so that each tile has one address. */
export function parseTilePath(path: string): Tile | undefined {
  const match = shape.exec(path)
  if (match === null) return undefined
  const level = match[1] === 'entries' ? 'entries' : Number(match[1])
  const width = match[3] === undefined ? tileWidth : Number(match[3])
  if ((level !== 'entries' && level > 63) || (match[3] !== undefined && width >= tileWidth)) return undefined
  const tile = { level, index: Number((match[2] as string).replace(/[x/]/g, '')), width } as const
  return Number.isSafeInteger(tile.index) && tilePath(tile) === path ? tile : undefined
}

/** How many hashes level `level` has in a tree of `size` leaves: floor(size / 256^level). */
export function hashesAtLevel(size: number, level: number): number {
  return Math.floor(size / tileWidth ** level)
}

/** Every tile and bundle that a tree of `size` leaves is made of, partial ones included; never an empty one. */
export function* tilesOf(size: number): Generator<Tile> {
  for (const level of ['entries', 0, 1, 2, 3, 4, 5, 6] as const) {
    const count = hashesAtLevel(size, level === 'entries' ? 0 : level)
    for (let index = 0; index < Math.floor(count / tileWidth); index++) yield { level, index, width: tileWidth }
    if (count % tileWidth > 0) yield { level, index: Math.floor(count / tileWidth), width: count % tileWidth }
  }
}

/** The tile that holds hash `index` of `level` in a tree of `size` leaves. */
export function tileHolding(level: number, index: number, size: number): Tile {
  const tile = Math.floor(index / tileWidth)
  return { level, index: tile, width: Math.min(tileWidth, hashesAtLevel(size, level) - tile * tileWidth) }
}

/** @throws {TlogError} `too_large` for an entry above 65,535 bytes */
export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = []
  for (const entry of entries) {
    if (entry.length > entryMost)
      throw new TlogError('too_large', `an entry of ${entry.length} bytes: at most ${entryMost}`)
    parts.push(Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry)
  }
  return Buffer.concat(parts)
}

/** @throws {TlogError} `malformed` when lengths do not add up or there are not `width` entries */
export function decodeBundle(bundle: Uint8Array, width: number): Buffer[] {
  const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength)
  const entries: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + (at + 2 <= bytes.length ? bytes.readUInt16BE(at) : Number.POSITIVE_INFINITY)
    if (end > bytes.length) throw new TlogError('malformed', `entry ${entries.length} of the bundle is cut off`)
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  if (entries.length !== width)
    throw new TlogError('malformed', `the bundle has ${entries.length} entries, not ${width}`)
  return entries
}
