import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '#kernel'
import type { Storage } from '#storage'
import { startApi } from '../../../test/support/api.ts'
import { openAuditHouse } from '../../../test/support/audit-house.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { eraseLedgerEntries, findLedgerState, insertLedgerEntries, listLedgerEntries } from '../ledger/ledger.store.ts'
import { destroyPersonKey } from '../persons/person-key.store.ts'
import { findIndexed } from '../search/index.store.ts'
import { type Archive, findArchive, moveToArchive } from './archive.store.ts'
import { Archives, archiveSize } from './archive.ts'
import { sweep } from './sweep.ts'

onEachEngine(
  'two who take bodies out of one archive at once both do; what is erased while it is archived stays erased',
  async (scratch) => {
    const directory = mkdtempSync(join(tmpdir(), 'gatehouse-archive-'))
    const house = await openAuditHouse(
      scratch.directory,
      (_where, error) => assert.fail(String(error)),
      scratch.address,
    )
    const { storage } = house
    try {
      const entries = Array.from({ length: archiveSize }, (_, at) => ({
        position: at + 1,
        organizationId: undefined,
        salt: Buffer.alloc(32, 1),
        body: `{"n":${at + 1}}`,
      }))
      await storage.transact((tx) => insertLedgerEntries(tx, entries))
      // Read for the file, erased, and only then moved: the file would bring the body back.
      await storage.transact((tx) => eraseLedgerEntries(tx, [3]))
      const stale = { first: 1, last: archiveSize, file: 'x', sha256: 'x', bodies: archiveSize }
      assert.equal(await storage.transact((tx) => moveToArchive(tx, stale, 0)), false)
      assert.equal(await findArchive(storage.db, 1), undefined)
      assert.equal((await listLedgerEntries(storage.db, 0, archiveSize)).length, archiveSize)

      const archives = new Archives(storage, directory)
      assert.equal(await archives.write(1, 0), true)
      const archive = (await findArchive(storage.db, 1)) as Archive
      const done = await Promise.all(
        [10, 20, 30].map((position) => archives.remove(archive, [position], async () => undefined)),
      )
      assert.deepEqual(done, [1, 1, 1])
      const left = await new Archives(storage, directory).read((await findArchive(storage.db, 1)) as Archive)
      const gone = (left ?? []).filter(({ body }) => body === undefined).map(({ position }) => position)
      assert.deepEqual(gone, [3, 10, 20, 30])
      assert.equal((await findArchive(storage.db, 1))?.bodies, archiveSize - 4)
      assert.equal(readdirSync(directory).length, 1, 'no copy of what is gone lies about')
    } finally {
      await house.close()
      rmSync(directory, { recursive: true })
    }
  },
)

onEachEngine(
  'a tenant neither moves the minimum of retention nor releases the hold that the operator placed nor sweeps away who shortened its log; an erasure that died halfway is finished',
  async (scratch) => {
    const dayMs = 86_400_000
    const clock = new ManualClock(Date.now())
    let api = await startApi(scratch, {}, clock)
    const settled = () =>
      until(async () => {
        if ((await api.storage.unnumberedSinceMs()) !== undefined) return false
        const { position } = await api.storage.readMark()
        const size = (await findLedgerState(api.storage.db))?.size ?? 0
        return size >= position && (await findIndexed(api.storage.db)) >= position
      })
    try {
      const one = (await api.call('POST', '/api/organizations', { name: 'one' })).body.id
      const person = async (username: string) => {
        const made = await api.call('POST', '/api/users', { organizationId: one, username, displayName: username })
        assert.equal(made.status, 201, JSON.stringify(made.body))
        return made.body.id as string
      }
      const olga = await person('olga')
      const activated = await api.call('POST', `/api/users/${olga}/activate`)
      assert.equal(activated.status, 200, JSON.stringify(activated.body))
      const granted = await api.call('POST', '/api/grants', {
        role: 'owner',
        principal: { type: 'User', id: olga },
        resource: { type: 'Organization', id: one },
        why: 'runs it',
      })
      assert.equal(granted.status, 201, JSON.stringify(granted.body))
      const actor = { type: 'user', id: olga, organizationId: one, name: 'olga' } as never
      const hold = (by?: { actor: never }) =>
        api.call('POST', '/api/audit/holds', { organizationId: one, untilMs: 1, reason: 'case 17' }, by)
      const theirs = (await hold()).body
      const own = (await hold({ actor })).body
      const release = (id: string) => api.call('POST', `/api/audit/holds/${id}/release`, { reason: 'over' }, { actor })
      assert.deepEqual([(await release(theirs.id)).status, (await release(own.id)).status], [403, 204])
      const nul = await api.call('POST', '/api/audit/holds', { subject: 'a\u0000', reason: 'case 17' })
      assert.equal(nul.status, 400)

      const minimum = (by?: { actor: never }) => api.call('PUT', '/api/audit/retention/minimum', { days: 1 }, by)
      assert.deepEqual([(await minimum({ actor })).status, (await minimum()).status], [403, 204])
      const shortened = await api.call('PUT', '/api/audit/retention', { organizationId: one, keepDays: 1 }, { actor })
      assert.equal(shortened.status, 204, JSON.stringify(shortened.body))
      clock.advanceMs(2 * dayMs)
      await settled()
      // A hold that comes while a sweep has chosen what goes keeps it all the same.
      const { storage } = api
      const rows = async () =>
        (await storage.db.selectFrom('audit_holds').select('id').where('released_at', 'is', null).execute()).length
      const before = await rows()
      let late: { id: string } | undefined
      const slow: Storage = {
        ...storage,
        transact: async (body, how) => {
          late ??= (await api.call('POST', '/api/audit/holds', { organizationId: one, reason: 'case 18' })).body
          return storage.transact(body, how)
        },
      }
      const archives = new Archives(storage, scratch.directory)
      const all = async () => Number.MAX_SAFE_INTEGER
      const nothing = await sweep({ storage: slow, clock, archives, exportedThrough: all }, 'test')
      assert.deepEqual([nothing.removed, await rows()], [0, before + 1])
      assert.ok(nothing.held > 0)
      assert.equal((await api.call('POST', `/api/audit/holds/${late?.id}/release`, { reason: 'over' })).status, 204)
      await settled()
      assert.ok((await api.call('POST', '/api/audit/sweeps')).body.removed > 0)
      const [kept] = (await api.call('GET', '/api/events?type=audit.retention_changed')).body.items
      assert.deepEqual([kept.actor.name, kept.data], ['olga', { scope: one, keepDays: 1 }])

      // Died after the key was destroyed and before what can be read was: the next start goes on.
      const gone = await person('zephyrina')
      assert.ok((await api.call('DELETE', `/api/users/${gone}`)).status < 300)
      await settled()
      appendFileSync(join(scratch.directory, 'erased-persons.ndjson'), `${JSON.stringify({ person: gone, atMs: 1 })}\n`)
      await api.storage.transact((tx) => destroyPersonKey(tx, gone))
      await api.close()
      api = await startApi(scratch, {}, clock)
      await until(async () => (await api.call('GET', '/api/events?type=audit.person_erased')).body.items.length === 1)
      for await (const { table, rows } of api.storage.snapshot({}))
        for (const row of rows) assert.equal(JSON.stringify(row).includes('zephyrina'), false, table)
    } finally {
      await api.close()
    }
  },
)
