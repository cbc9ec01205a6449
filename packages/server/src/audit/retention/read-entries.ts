import { Fault } from '#kernel'
import type { Storage } from '#storage'
import { findLedgerEntry, type LedgerEntry, listLedgerEntries } from '../ledger/ledger.store.ts'
import { findArchive } from './archive.store.ts'
import type { Archives } from './archive.ts'

/** An entry of the log; with `away` the name of the archive that holds its body and is not here. */
export type ReadEntry = LedgerEntry & { readonly away?: string }

/**
 * An entry from the ledger's table or from an archive.
 * @throws {Fault} `audit.archive_away`, `audit.archive_damaged`
 */
export async function readEntry(
  storage: Storage,
  archives: Archives,
  position: number,
): Promise<LedgerEntry | undefined> {
  const found = (await findLedgerEntry(storage.db, position)) ?? (await archives.find(position))
  if (found !== undefined && 'away' in found)
    throw new Fault('audit.archive_away', { detail: `Entry ${position} is in ${found.away}` })
  return found
}

/** Entries after a position in order, at most `limit`, from archives and table; empty only at the end of the log. */
export async function readEntries(
  storage: Storage,
  archives: Archives,
  after: number,
  limit: number,
): Promise<ReadEntry[]> {
  const archive = await findArchive(storage.db, after + 1)
  if (archive === undefined) return listLedgerEntries(storage.db, after, limit)
  const from = after + 1 - archive.first
  const there = await archives.read(archive)
  if (there !== undefined) return there.slice(from, from + limit)
  const count = Math.min(limit, archive.last - after)
  return Array.from({ length: count }, (_, at) => ({
    position: after + 1 + at,
    organizationId: undefined,
    salt: undefined,
    body: undefined,
    away: archive.file,
  }))
}
