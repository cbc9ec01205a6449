import { deployment, type Gate } from '#authorization'
import { findUser } from '#directory'
import { headsOf, listPositionsOf, record, redactEvents } from '#feed'
import { type Act, type Clock, Fault, type UserId } from '#kernel'
import type { Storage } from '#storage'
import { eraseLedgerEntries, findLedgerState } from '../ledger/ledger.store.ts'
import { destroyPersonKey } from '../persons/person-key.store.ts'
import type { PersonKeys } from '../persons/person-keys.ts'
import type { Archives } from '../retention/archive.ts'
import { covers, isInForce } from '../retention/hold.ts'
import { removeArchived } from '../retention/remove-archived.ts'
import { listHolds } from '../retention/retention.store.ts'
import { findIndexed, mergeIndex, removeFromIndex } from '../search/index.store.ts'
import type { ErasedList } from './erased-list.ts'
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
  const positions = await listPositionsOf(storage.db, id)
  const newest = positions.at(-1)
  if (newest === undefined) throw new Fault('audit.person_unknown')
  const settled = Math.min((await findLedgerState(storage.db))?.size ?? 0, await findIndexed(storage.db))
  if (settled < newest) throw new Fault('audit.person_unsettled', { retryAfterSeconds: 1 })
  await refuseHeld(deps, positions)
  // On the list before anything is gone: dying in between, the next start finishes it.
  deps.list.add(id, clock.nowMs())
  // The key first: from here on no copy of what it sealed can be read, wherever it lies.
  await storage.transact((tx) => destroyPersonKey(tx, id))
  deps.persons.forget(id)
  let erased = 0
  for (let at = 0; at < positions.length; at += atOnce) {
    const part = positions.slice(at, at + atOnce)
    erased += (await removeArchived(storage, deps.archives, part)).removed
    erased += await storage.transact(async (tx) => {
      const done = await eraseLedgerEntries(tx, part)
      await redactEvents(tx, id, part)
      await removeFromIndex(tx, storage.engine, part)
      return done
    })
  }
  await mergeIndex(storage)
  // About the log, not about the person: or erasing again would erase it.
  await storage.transact((tx) =>
    record(tx, act, {
      type: 'audit.person_erased',
      atMs: clock.nowMs(),
      organizationId: user?.organizationId,
      object: { type: 'AuditLog', id: 'gatehouse' },
      data: { person: id, entries: erased },
    }),
  )
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
