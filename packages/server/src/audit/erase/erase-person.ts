import { deployment, type Gate } from '#authorization'
import { findUser } from '#directory'
import { headsOf, isOnItsWay, listPositionsOf, record, redactEvents } from '#feed'
import { type Act, type Clock, Fault, type UserId } from '#kernel'
import type { Storage, Tx } from '#storage'
import { eraseLedgerEntries, findLedgerState } from '../ledger/ledger.store.ts'
import { destroyPersonKey, listPersonKeys } from '../persons/person-key.store.ts'
import type { PersonKeys } from '../persons/person-keys.ts'
import type { Archives } from '../retention/archive.ts'
import { covers, isInForce } from '../retention/hold.ts'
import { removeArchived } from '../retention/remove-archived.ts'
import { listHolds } from '../retention/retention.store.ts'
import { findIndexed, mergeIndex, removeFromIndex } from '../search/index.store.ts'
import type { ErasedList } from './erased-list.ts'
import { sayErased } from './said-erased.ts'
import '../events.ts'
import '../faults.ts'

export interface EraseDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly gate: Gate
  readonly persons: PersonKeys
  readonly archives: Archives
  /** Where it is kept that a person was erased, outside the database. */
  readonly list: ErasedList
}

const atOnce = 500

/**
 * Erases what the audit log says of a person whom the directory has deleted: salts and bodies of every entry they did or
 * were the object of, the same events' names, addresses and details in the feed, and their words in the index. Leaves and
 * tree stay as they are, so the log verifies as before. Safe to repeat. INVARIANT: nothing about the person is still on its
 * way into ledger or index when this begins.
 * @returns how many entries were erased now
 * @throws {Fault} `audit.person_not_deleted`, `audit.person_unsettled`, `audit.held`, `authorization.denied`
 */
export async function erasePerson(deps: EraseDeps, act: Act, id: UserId): Promise<number> {
  const { storage, clock, gate } = deps
  gate.require(act, 'deleteUser', deployment)
  gate.require(act, 'viewEvents', deployment)
  const user = await findUser(storage.db, id)
  if (user !== undefined && user.state !== 'deleted') throw new Fault('audit.person_not_deleted')
  // Before the positions are read: what gets its number in between is among them.
  const onItsWay = await isOnItsWay(storage.db, id)
  const positions = await listPositionsOf(storage.db, id)
  const known = positions.length > 0 || (await listPersonKeys(storage.db, [id])).length > 0
  if (!known) throw new Fault('audit.person_unknown')
  const settled = Math.min((await findLedgerState(storage.db))?.size ?? 0, await findIndexed(storage.db))
  if (settled < (positions.at(-1) ?? 0) || onItsWay) throw new Fault('audit.person_unsettled', { retryAfterSeconds: 1 })
  await refuseHeld(deps, positions)
  // On the list before anything is gone: dying in between, the next start finishes it.
  deps.list.add(id, clock.nowMs())
  // The key first: from here on no copy of what it sealed can be read, wherever it lies.
  await storage.transact((tx) => destroyPersonKey(tx, id))
  deps.persons.forget(id)
  const gone = (tx: Tx, had: readonly number[]) =>
    sayErased(tx, 'person', had, { atMs: clock.nowMs(), requestId: act.requestId })
  const said = (tx: Tx, entries: number) =>
    // About the log, not about the person: or erasing again would erase it.
    record(tx, act, {
      type: 'audit.person_erased',
      atMs: clock.nowMs(),
      organizationId: user?.organizationId,
      object: { type: 'AuditLog', id: 'gatehouse' },
      data: { person: id, entries },
    })
  let erased = 0
  for (let at = 0; ; at += atOnce) {
    const part = positions.slice(at, at + atOnce)
    const isLast = at + atOnce >= positions.length
    // The table before the archives: what moves from one to the other meanwhile moves without its body, or is found there.
    erased += await storage.transact(async (tx) => {
      const had = await eraseLedgerEntries(tx, part)
      await gone(tx, had)
      return had.length
    })
    erased += (await removeArchived(storage, deps.archives, part, gone)).removed
    // INVARIANT: the last of what can be read goes with the event that says so; until then the next start begins anew.
    await storage.transact(async (tx) => {
      if (part.length > 0) await redactEvents(tx, id, part)
      await removeFromIndex(tx, storage.engine, part)
      if (isLast) await said(tx, erased)
    })
    if (isLast) break
  }
  await mergeIndex(storage)
  return erased
}

/** A legal hold goes before an erasure (GDPR art. 17(3)(e)). */
async function refuseHeld({ storage, clock }: EraseDeps, positions: readonly number[]): Promise<void> {
  const holds = (await listHolds(storage.db)).filter((hold) => isInForce(hold, clock.nowMs()))
  for (let at = 0; holds.length > 0 && at < positions.length; at += atOnce) {
    for (const head of await headsOf(storage.db, positions.slice(at, at + atOnce))) {
      const hold = holds.find((one) => covers(one, head))
      if (hold !== undefined) throw new Fault('audit.held', { detail: `${hold.id} holds entry ${head.position}` })
    }
  }
}
