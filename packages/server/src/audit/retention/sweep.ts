import { blankEvents, listEventHeads } from '#feed'
import type { Clock } from '#kernel'
import type { Storage, Tx } from '#storage'
import { sayErased } from '../erase/said-erased.ts'
import { eraseLedgerEntries, findLedgerState } from '../ledger/ledger.store.ts'
import { findIndexed, lastBefore, mergeIndex, removeFromIndex } from '../search/index.store.ts'
import { archivedThrough, listArchives } from './archive.store.ts'
import { type Archives, archiveSize } from './archive.ts'
import { covers } from './hold.ts'
import { removeArchived } from './remove-archived.ts'
import { everything, saveSwept } from './retention.store.ts'
import { type Rules, RulesChanged, readRules, requireRules } from './rules.ts'

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
  const settled = Math.min(
    (await findLedgerState(storage.db))?.size ?? 0,
    await findIndexed(storage.db),
    await deps.exportedThrough(),
  )
  const { settings } = await readRules(storage.db, clock.nowMs())
  for (const { scope } of settings) for (let goesOn = true; goesOn; ) goesOn = await sweepSome(scope)
  if (swept.removed > 0) await mergeIndex(storage)
  const archiveDays = settings.find(({ scope }) => scope === everything)?.archiveDays
  if (archiveDays !== undefined) await archiveBefore(clock.nowMs() - archiveDays * dayMs)
  return swept

  /** One batch of a scope, by the rules of the moment. @returns whether there is more to look at */
  async function sweepSome(scope: string): Promise<boolean> {
    const nowMs = clock.nowMs()
    const rules = await readRules(storage.db, nowMs)
    const setting = rules.settings.find((one) => one.scope === scope)
    if (setting?.keepDays === undefined) return false
    const own = new Set(rules.settings.map((one) => one.scope))
    const dueMs = nowMs - Math.max(setting.keepDays, rules.minimumDays) * dayMs
    const last = Math.min(settled, await lastBefore(storage.db, dueMs))
    if (setting.swept >= last) return false
    const only = scope === everything ? undefined : scope
    const heads = await listEventHeads(storage.db, setting.swept, last, atOnce, only)
    if (heads.length === 0) return false
    const due = heads.filter(
      ({ type, atMs, organizationId, blank }) =>
        !blank &&
        !type.startsWith(aboutTheLog) &&
        atMs < dueMs &&
        (scope !== everything || !own.has(organizationId ?? everything)),
    )
    const going = due
      .filter((event) => !rules.holds.some((hold) => covers(hold, event)))
      .map(({ position }) => position)
    const end = heads.length < atOnce ? last : (heads.at(-1)?.position as number)
    try {
      await removeBodies(going, rules)
      await storage.transact(async (tx) => {
        await requireRules(tx, rules, clock.nowMs())
        await saveSwept(tx, scope, end)
      })
    } catch (error) {
      if (error instanceof RulesChanged) return true
      throw error
    }
    swept.held += due.length - going.length
    return end < last
  }

  /** INVARIANT: each transaction that takes bodies holds the rules by which it does: a hold that stands keeps what it covers from then on. */
  async function removeBodies(positions: readonly number[], rules: Rules): Promise<void> {
    if (positions.length === 0) return
    const takes = async (tx: Tx, had: readonly number[]) => {
      await requireRules(tx, rules, clock.nowMs())
      await gone(tx, had)
    }
    swept.away.push(...(await removeArchived(storage, archives, positions, takes)).away)
    await storage.transact(async (tx) => {
      await takes(tx, await eraseLedgerEntries(tx, positions))
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
