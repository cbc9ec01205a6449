import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { feedMigrations, listEvents } from '#feed'
import { Meter, systemClock } from '#kernel'
import { openStorage, type Storage } from '#storage'
import { onEmptyDatabase } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { numberAllEvents } from '../../../test/support/number-events.ts'
import { Journal } from './journal.ts'
import { tellSegments } from './tell-segments.ts'
import { toldSegmentsMigration } from './told-segments.store.ts'

const told = async (storage: Storage) => {
  await numberAllEvents(storage)
  const events = await listEvents(storage.db, 0, 1_000, { type: 'authorization.segment_sealed' })
  return events.map(({ data }) => data as { file: string; first: number; records: number; sha256: string })
}

onEmptyDatabase(
  'every sealed segment is on record once, by the hash of its file: also one whose process died before it told',
  async (scratch) => {
    const storage = await openStorage(scratch.address, {
      clock: systemClock,
      migrations: [...feedMigrations, toldSegmentsMigration],
    })
    const directory = join(scratch.directory, 'segments')
    const onError = (_: string, error: unknown) => assert.fail(String(error))
    const deps = () => ({ directory, clock: systemClock, meter: new Meter(), onError, segmentBytes: 2_000 })
    const fill = async (journal: Journal, count: number) => {
      for (let turn = 0; turn < count; turn++)
        journal.append({
          atMs: turn,
          requestId: `r${turn}`,
          via: 'authzen',
          principal: { type: 'User', id: 'alice' },
          action: { type: 'Action', id: 'read' },
          resource: { type: 'Document', id: String(turn) },
          outcome: 'allow',
          reasons: [],
          errors: [],
          bundle: 'ab',
          position: 1,
          tookMicros: 1,
        })
      await journal.durable()
    }
    try {
      // Sealed, and never told of.
      const silent = await Journal.open(deps())
      await fill(silent, 40)
      await until(async () => silent.sealed.length >= 3)
      await silent.close()
      const journal = await Journal.open(deps())
      const before = journal.sealed.length
      const telling = tellSegments({ storage, clock: systemClock, journal, onError })
      await until(async () => (await told(storage)).length === before)
      await fill(journal, 40)
      await until(
        async () => (await told(storage)).length > before && (await told(storage)).length === journal.sealed.length,
      )
      await telling.stop()
      await journal.close()
      const again = await Journal.open(deps())
      const retelling = tellSegments({ storage, clock: systemClock, journal: again, onError })
      await new Promise((resolve) => setTimeout(resolve, 50))
      await retelling.stop()
      const all = await told(storage)
      assert.equal(all.length, again.sealed.length)
      await again.close()
      let next = 1
      for (const { file, first, records, sha256 } of all) {
        const path = join(directory, file)
        assert.ok(existsSync(path), file)
        assert.equal(createHash('sha256').update(readFileSync(path)).digest('hex'), sha256)
        assert.equal(first, next)
        next = first + records
      }
    } finally {
      await storage.close()
    }
  },
)
