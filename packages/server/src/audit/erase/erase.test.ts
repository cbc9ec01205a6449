import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type Tile, verifyLog } from '@gatehouse/tlog'
import { startApi } from '../../../test/support/api.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { readLedgerTile } from '../ledger/database-storage.ts'
import { findLedgerState } from '../ledger/ledger.store.ts'

const name = 'zephyrina'

onEachEngine(
  'a deleted person is erased from log, feed and index; the tree verifies as before and no later backup holds the name',
  async (scratch) => {
    const api = await startApi(scratch)
    try {
      const organization = (await api.call('POST', '/api/organizations', { name: 'acme' })).body.id
      const invited = await api.call('POST', '/api/users', {
        organizationId: organization,
        username: name,
        email: `${name}@example.com`,
        displayName: name,
      })
      assert.equal(invited.status, 201, JSON.stringify(invited.body))
      const userId = invited.body.id
      const actor = { type: 'user', id: userId, organizationId: organization, name } as never
      await api.call('GET', '/api/organizations', undefined, { actor })
      const erase = () => api.call('POST', '/api/audit/erasures', { userId })
      await until(async () => (await erase()).status !== 503)
      assert.equal((await erase()).body.code, 'audit.person_not_deleted')
      assert.equal((await api.call('DELETE', `/api/users/${userId}`)).status < 300, true)
      const search = async () => (await api.call('GET', `/api/audit/search?text=${name}`)).body.items.length
      await until(async () => (await search()) >= 1)
      const size = () => findLedgerState(api.storage.db)
      const newest = (await api.call('GET', '/api/events?limit=1')).body.items[0].position
      await until(async () => ((await size())?.size ?? 0) >= newest)
      const before = (await size()) as { checkpoint: string; size: number }
      let done = await erase()
      await until(async () => {
        if (done.status === 503) done = await erase()
        return done.status !== 503
      })
      assert.equal(done.status, 200, JSON.stringify(done.body))
      assert.ok(done.body.entries >= 2)
      assert.equal((await erase()).body.entries, 0)
      assert.equal(await search(), 0)
      await until(async () => ((await size())?.size ?? 0) > before.size)
      const state = (await size()) as { checkpoint: string }
      await verifyLog({
        checkpoint: state.checkpoint,
        logKey: api.ledger.log.verifierKey,
        read: (tile: Tile) => readLedgerTile(api.storage, tile),
        earlier: [before.checkpoint],
      })
      for await (const { table, rows } of api.storage.snapshot({}))
        for (const row of rows)
          assert.equal(JSON.stringify(row).includes(name), false, `${table}: ${JSON.stringify(row)}`)
      const events = (await api.call('GET', `/api/events?objectId=${userId}`)).body.items
      assert.ok(events.length >= 2 && events.every((event: { object: object }) => !('name' in event.object)))
      assert.equal((await api.call('POST', '/api/audit/erasures', { userId: 'x' })).status, 400)
      assert.equal((await api.call('POST', '/api/audit/erasures', { userId }, { actor })).status, 403)
    } finally {
      await api.close()
    }
    const { address } = scratch
    if (address.engine === 'sqlite') {
      const bytes = readFileSync(address.file)
      const at = bytes.indexOf(name)
      assert.equal(at, -1, `bytes of the file: …${bytes.toString('latin1', Math.max(0, at - 300), at + 100)}`)
    }
  },
)
