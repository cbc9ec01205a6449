import {
  decodeBundle,
  encodeBundle,
  type LogStorage,
  parseTilePath,
  type Tile,
  tilePath,
  tileWidth,
} from '@gatehouse/tlog'
import type { Clock } from '#kernel'
import type { Storage } from '#storage'
import { insertPersonKeys, type PersonKeyRow } from '../persons/person-key.store.ts'
import {
  findLedgerState,
  findLedgerTile,
  insertLedgerEntries,
  type LedgerEntry,
  moveLedger,
  saveLedgerTile,
} from './ledger.store.ts'

/** Another node has integrated what this one was about to: open the log again and go on after it. */
export class LedgerMoved extends Error {}

/**
 * The log in the database. INVARIANT: tiles, entries and checkpoint of a batch commit in one transaction, which only the
 * writer whose tree is the newest can commit.
 */
export class DatabaseStorage implements LogStorage {
  readonly #deps: { storage: Storage; clock: Clock }
  #size: number | undefined
  #files: ReadonlyMap<string, Uint8Array> = new Map()
  /** Salts and bodies of the entries that the next checkpoint covers. */
  entries: readonly LedgerEntry[] = []
  /** Keys that were made for them. */
  personKeys: readonly PersonKeyRow[] = []

  constructor(deps: { storage: Storage; clock: Clock }) {
    this.#deps = deps
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const { storage } = this.#deps
    if (path === 'checkpoint') {
      const state = await findLedgerState(storage.db)
      this.#size = state?.size
      return state && Buffer.from(state.checkpoint)
    }
    const tile = parseTilePath(path)
    return tile && readLedgerTile(storage, tile)
  }

  async write(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    this.#files = files
  }

  async writeCheckpoint(text: string): Promise<void> {
    const [origin, size] = text.split('\n') as [string, string]
    const state = { size: Number(size), origin, checkpoint: text, updatedAtMs: this.#deps.clock.nowMs() }
    const from = this.#size
    const moved = await this.#deps.storage.transact(async (tx) => {
      if (!(await moveLedger(tx, from, state))) return false
      for (const [path, bytes] of this.#files) {
        const { level, index, width } = parseTilePath(path) as Tile
        await saveLedgerTile(tx, { level: level === 'entries' ? -1 : level, tile: index, width, bytes })
      }
      await insertLedgerEntries(tx, this.entries)
      await insertPersonKeys(tx, this.personKeys)
      return true
    })
    this.#files = new Map()
    this.entries = []
    this.personKeys = []
    if (!moved) throw new LedgerMoved()
    this.#size = state.size
  }

  async remove(): Promise<void> {}
}

/** A tile or bundle of any width up to the one stored; undefined when the tree is not so far. */
export async function readLedgerTile(storage: Storage, tile: Tile): Promise<Uint8Array | undefined> {
  const row = await findLedgerTile(storage.db, tile.level === 'entries' ? -1 : tile.level, tile.index)
  if (row === undefined || row.width < tile.width) return undefined
  if (row.width === tile.width) return row.bytes
  // A partial tile whose full one exists may be gone, by the specification; serving it costs nothing, and clients like it.
  if (tile.level === 'entries') return encodeBundle(decodeBundle(row.bytes, row.width).slice(0, tile.width))
  return row.bytes.subarray(0, (tile.width * row.bytes.length) / row.width)
}

/** The leaf of a position; undefined when the tree is not so far, or its bundle cannot be read. */
export async function leafAt(storage: Storage, position: number): Promise<Buffer | undefined> {
  const index = Math.floor((position - 1) / tileWidth)
  const row = await findLedgerTile(storage.db, -1, index)
  if (row === undefined) return undefined
  try {
    return decodeBundle(row.bytes, row.width)[position - 1 - index * tileWidth]
  } catch {
    return undefined
  }
}

/** The tile of a request's path, as in `1/x001/067.p/3`; undefined for any other spelling. */
export function parseRequestedTile(path: string): Tile | undefined {
  const tile = parseTilePath(`tile/${path}`)
  return tile !== undefined && tile.width <= tileWidth && tilePath(tile) === `tile/${path}` ? tile : undefined
}
