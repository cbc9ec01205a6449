import { blankEvents, listEventHeads } from '#feed'
import type { Clock } from '#kernel'
import type { Storage, Tx } from '#storage'
import { sayErased } from '../erase/said-erased.ts'
import { eraseLedgerEntries, findLedgerState } from '../ledger/ledger.store.ts'
import { findIndexed, lastBefore, mergeIndex, removeFromIndex } from '../search/index.store.ts'
import { archivedThrough, listArchives } from './archive.store.ts'
import { type Archives, archiveSize } from './archive.ts'
import { covers, isInForce } from './hold.ts'
import { removeArchived } from './remove-archived.ts'
import { everything, findMinimumDays, listHolds, listRetention, type Retention, saveSwept } from './retention.store.ts'

const dayMs = 86_400_000
const atOnce = 500
/** Who set how long the log speaks, and who took what out of it, stays: else whoever shortens it leaves no trace of that either. */
const aboutTheLog = 'audit.'

export interface SweepDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly archives: Archives
  /** The position up to which every sink has everything: nothing goes that is still to be sent. */
  readonly exportedThrough: () => Promise<number>
}

export interface Swept {
  /** Entries whose bodies were removed. */
  removed: number
  /** Entries that are due and held. */
  held: number
  /** Entries whose bodies went into archives. */
  archived: number
  /** Archives whose bodies are due and whose files are away. */
  away: string[]
}

/**
 * Removes what is past its retention: bodies and salts from ledger and archives, what is readable from the feed, words from the
 * index. Leaves and tiles stay, so the log verifies as before. What a hold covers stays whole. Then moves what is old enough into
 * archives. Safe to repeat and to interrupt; one body of work commits at a time.
 */
export async function sweep(deps: SweepDeps, requestId: string): Promise<Swept> {
  const { storage, clock, archives } = deps
  const gone = (tx: Tx, positions: readonly number[]) =>
    sayErased(tx, 'retention', positions, { atMs: clock.nowMs(), requestId })
  const swept: Swept = { removed: 0, held: 0, archived: 0, away: [] }
  for (const archive of await listArchives(storage.db, true))
    if ((await archives.remove(archive, [], gone)) < 0) swept.away.push(archive.file)
  const settings = await listRetention(storage.db)
  const own = new Set(settings.map(({ scope }) => scope))
  const settled = Math.min(
    (await findLedgerState(storage.db))?.size ?? 0,
    await findIndexed(storage.db),
    await deps.exportedThrough(),
  )
  const minimumDays = await findMinimumDays(storage.db)
  for (const setting of settings)
    if (setting.keepDays !== undefined) await sweepScope(setting, Math.max(setting.keepDays, minimumDays))
  if (swept.removed > 0) await mergeIndex(storage)
  const archiveDays = settings.find(({ scope }) => scope === everything)?.archiveDays
  if (archiveDays !== undefined) await archiveBefore(clock.nowMs() - archiveDays * dayMs)
  return swept

  async function sweepScope({ scope, swept: begin }: Retention, keepDays: number): Promise<void> {
    const nowMs = clock.nowMs()
    const dueMs = nowMs - keepDays * dayMs
    const holds = (await listHolds(storage.db)).filter((hold) => isInForce(hold, nowMs))
    const last = Math.min(settled, await lastBefore(storage.db, dueMs))
    let at = begin
    while (at < last) {
      const heads = await listEventHeads(storage.db, at, last, atOnce, scope === everything ? undefined : scope)
      if (heads.length === 0) break
      const due = heads.filter(
        ({ type, atMs, organizationId, blank }) =>
          !blank &&
          !type.startsWith(aboutTheLog) &&
          atMs < dueMs &&
          (scope !== everything || !own.has(organizationId ?? everything)),
      )
      const going = due.filter((event) => !holds.some((hold) => covers(hold, event))).map(({ position }) => position)
      swept.held += due.length - going.length
      const end = heads.at(-1)?.position as number
      await removeBodies(going)
      at = heads.length < atOnce ? last : end
      await storage.transact((tx) => saveSwept(tx, scope, at))
    }
  }

  async function removeBodies(positions: readonly number[]): Promise<void> {
    if (positions.length === 0) return
    swept.away.push(...(await removeArchived(storage, archives, positions, gone)).away)
    await storage.transact(async (tx) => {
      await gone(tx, await eraseLedgerEntries(tx, positions))
      await blankEvents(tx, positions)
      await removeFromIndex(tx, storage.engine, positions)
    })
    swept.removed += positions.length
  }

  async function archiveBefore(beforeMs: number): Promise<void> {
    const size = (await findLedgerState(storage.db))?.size ?? 0
    const last = Math.min(size, await lastBefore(storage.db, beforeMs))
    for (let first = (await archivedThrough(storage.db)) + 1; first + archiveSize - 1 <= last; first += archiveSize)
      if (await archives.write(first, clock.nowMs())) swept.archived += archiveSize
  }
}
