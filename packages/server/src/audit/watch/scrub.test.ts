import assert from 'node:assert/strict'
import { listEvents } from '#feed'
import { Meter, systemClock } from '#kernel'
import { openAuditHouse } from '../../../test/support/audit-house.ts'
import { alarmsOf } from '../../../test/support/burning.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { noteEvent } from '../../../test/support/note-events.ts'
import { sayErased } from '../erase/said-erased.ts'
import { eraseLedgerEntries, findLedgerState } from '../ledger/ledger.store.ts'
import { Archives } from '../retention/archive.ts'
import { openScrub } from './scrub.ts'

onEachEngine(
  'the running check: an entry without its body is well where a signed entry says that it was erased, and found where none does, not by the word of the feed nor of an entry that was changed; a turned bit in any tile or bundle is found, named and paged',
  async (scratch) => {
    const house = await openAuditHouse(
      scratch.directory,
      (_where, error) => assert.fail(String(error)),
      scratch.address,
    )
    const { storage } = house
    const errors: string[] = []
    const archives = new Archives(storage, `${scratch.directory}/archives`)
    const meter = new Meter()
    const open = (counted = new Meter()) =>
      openScrub({
        storage,
        archives,
        clock: systemClock,
        meter: counted,
        onError: (_where, error) => errors.push(String(error)),
      })
    let scrub = open()
    const integrated = () =>
      until(async () => {
        if ((await storage.unnumberedSinceMs()) !== undefined) return false
        return ((await findLedgerState(storage.db))?.size ?? 0) >= (await storage.readMark()).position
      })
    try {
      for (let number = 1; number <= 300; number++) await storage.transact((tx) => noteEvent(tx, number))
      await integrated()
      assert.equal(await scrub.step(), undefined)
      await storage.transact(async (tx) => {
        const said = { atMs: 1, requestId: 'req_test' }
        await sayErased(tx, 'person', (await eraseLedgerEntries(tx, [5, 6, 7, 9])).sort(), said)
      })
      await integrated()
      // The second bundle is not full: every step is at the first.
      assert.equal(await scrub.step(), undefined)

      await storage.transact((tx) => eraseLedgerEntries(tx, [8]))
      const eight = 'the body of entry 8 is gone, and no entry says that it was erased'
      assert.equal(await scrub.step(), eight)

      // Who holds the database can write into the feed what the log never had, and change an entry of the log.
      const [statement] = (await listEvents(storage.db, 0, 10, { type: 'audit.entries_erased' })) as unknown as [
        { position: number },
      ]
      const more = JSON.stringify({ because: 'person', entries: '5-9' })
      await storage.transact((tx) =>
        tx.updateTable('events').set({ data: more }).where('position', '=', statement.position).execute(),
      )
      await scrub.close()
      scrub = open()
      assert.equal(await scrub.step(), eight)
      const { body } = await storage.db
        .selectFrom('ledger_entries')
        .select('body')
        .where('position', '=', statement.position)
        .executeTakeFirstOrThrow()
      assert.match(body as string, /"entries":"5-7,9"/)
      await storage.transact((tx) =>
        tx
          .updateTable('ledger_entries')
          .set({ body: (body as string).replace('5-7,9', '5-9') })
          .where('position', '=', statement.position)
          .execute(),
      )
      await scrub.close()
      scrub = open()
      assert.equal(await scrub.step(), 'the bodies of entries 5-9 are gone, and no entry says that they were erased')

      // A bit of the tree itself, at every level.
      const rows = await storage.db.selectFrom('ledger_tiles').selectAll().where('tile', '=', 0).execute()
      await scrub.close()
      scrub = open(meter)
      await scrub.step()
      for (const [level, at, says] of [
        [-1, 10, 'entry 1 is not what its hash says'],
        [0, 42, 'entry 2 is not what its hash says'],
        [1, 10, 'tile/0/000 is not what the tile above says'],
      ] as const) {
        const { bytes } = rows.find((row) => row.level === level) as { bytes: Uint8Array }
        const turned = Buffer.from(bytes)
        turned[at] = (turned[at] as number) ^ 4
        const put = (now: Uint8Array) =>
          storage.transact((tx) =>
            tx
              .updateTable('ledger_tiles')
              .set({ bytes: now })
              .where('level', '=', level)
              .where('tile', '=', 0)
              .execute(),
          )
        await put(turned)
        await scrub.step()
        await put(bytes)
        assert.ok(errors.includes(`Error: The audit log was tampered with: ${says}`), `level ${level}: ${errors}`)
      }
      assert.deepEqual(await alarmsOf(meter), { 'audit-integrity': 'page' })
      assert.ok(errors.every((line) => line.includes('The audit log was tampered with')))
    } finally {
      await scrub.close()
      await house.close()
    }
  },
)
