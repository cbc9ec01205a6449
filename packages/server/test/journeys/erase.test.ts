import assert from 'node:assert/strict'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Tile, verifyLog } from '@gatehouse/tlog'
import { Secret, systemClock, systemEntropy } from '#kernel'
import { readLedgerTile } from '../../src/audit/ledger/database-storage.ts'
import { findLedgerState } from '../../src/audit/ledger/ledger.store.ts'
import { PersonKeys } from '../../src/audit/persons/person-keys.ts'
import { migrations } from '../../src/migrations.ts'
import { restoreBackup } from '../../src/observability/backup/restore.ts'
import { startApi } from '../support/api.ts'
import { onEachEngine, scratchDatabase } from '../support/engines.ts'
import { until } from '../support/house.ts'

const name = 'zephyrina'
const passphrase = 'correct horse battery'

onEachEngine(
  'what tells of a person is sealed under their key; erased, nothing opens it, the tree verifies as before, and neither a later backup nor an earlier one that is put back brings them back',
  async (scratch) => {
    let before0 = new Uint8Array()
    let userId = ''
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
      userId = invited.body.id
      const actor = { type: 'user', id: userId, organizationId: organization, name } as never
      await api.call('GET', '/api/organizations', undefined, { actor })
      const erase = () => api.call('POST', '/api/audit/erasures', { userId })
      await until(async () => (await erase()).status !== 503)
      assert.equal((await erase()).body.code, 'audit.person_not_deleted')
      // In the log the name is sealed, and opened for those who may see events.
      const invitation = (await api.call('GET', `/api/events?objectId=${userId}`)).body.items.at(-1)
      const entry = async () => (await api.call('GET', `/api/audit/entries/${invitation.position}`)).body
      await until(async () => (await entry()).body !== undefined)
      const kept = await entry()
      assert.equal(kept.event.object.name, name)
      assert.equal(kept.event.personal, undefined)
      assert.equal(kept.body.includes(name), false, kept.body)
      const backup = await fetch(`${api.url}/api/backup`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-test-actor': 'bootstrap:local' },
        body: JSON.stringify({ passphrase }),
      })
      before0 = new Uint8Array(await backup.arrayBuffer())
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
      await until(async () => (await erase()).body.entries === 0)
      assert.equal(await search(), 0)
      assert.equal((await entry()).body, undefined)
      const opener = new PersonKeys({ ...api, clock: systemClock, entropy: systemEntropy, sealer: api.keyring })
      // A copy of the entry that somebody exported says no more than its hash did.
      await assert.rejects(async () => {
        const opened = await opener.open(kept.body)
        assert.equal((opened.object as { name?: string }).name, name)
      })
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
    await putBack(scratch.directory)
    const { address } = scratch
    if (address.engine === 'sqlite') {
      const bytes = readFileSync(address.file)
      const at = bytes.indexOf(name)
      assert.equal(at, -1, `bytes of the file: …${bytes.toString('latin1', Math.max(0, at - 300), at + 100)}`)
    }

    async function putBack(directory: string): Promise<void> {
      const target = await scratchDatabase(scratch.address.engine)
      const rootKeyFile = join(target.directory, 'root.key')
      for (const file of ['root.key', 'erased-persons.ndjson'])
        copyFileSync(join(directory, file), join(target.directory, file))
      const opener = { passphrase: new Secret(passphrase) }
      const restored = (async function* () {
        yield before0
      })()
      const archiveDirectory = join(target.directory, 'audit-archive')
      const input = { address: target.address, migrations, clock: systemClock, opener, rootKeyFile, archiveDirectory }
      await restoreBackup(restored, input)
      const again = await startApi(target)
      try {
        const erasures = async () => (await again.call('GET', '/api/events?type=audit.person_erased')).body.items
        await until(async () => (await erasures()).length === 1)
        assert.equal((await again.call('GET', `/api/users/${userId}`)).status, 404)
        for await (const { table, rows } of again.storage.snapshot({}))
          for (const row of rows) assert.equal(JSON.stringify(row).includes(name), false, table)
      } finally {
        await again.close()
        await target.remove()
      }
    }
  },
)
