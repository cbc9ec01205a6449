import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFault, Secret, systemClock, systemEntropy } from '#kernel'
import { openStorage } from '#storage'
import { insertLedgerEntries } from '../../src/audit/ledger/ledger.store.ts'
import { Archives, archiveSize } from '../../src/audit/retention/archive.ts'
import { migrations } from '../../src/gatehouse.ts'
import { createBackup } from '../../src/observability/backup/backup.ts'
import { makeBackupRecipient } from '../../src/observability/backup/cipher.ts'
import { restoreBackup } from '../../src/observability/backup/restore.ts'
import { startApi } from '../support/api.ts'
import { engines, onEachEngine, scratchDatabase } from '../support/engines.ts'

const passphrase = new Secret('correct horse battery')
const unreadable = (error: unknown) => isFault(error, 'observability.backup_unreadable')
const chunked = async function* (bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000)
}

onEachEngine(
  'a backup made while running restores on either engine: same objects, same positions, secrets open',
  async (scratch) => {
    const api = await startApi(scratch)
    const made = await api.call('POST', '/api/organizations', { name: 'acme' })
    assert.equal(made.status, 201)
    const kid = api.keyring.activeKey('ES256').kid
    const response = await fetch(`${api.url}/api/backup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-test-actor': 'bootstrap:local' },
      body: JSON.stringify({ passphrase: passphrase.reveal() }),
    })
    assert.equal(response.status, 200)
    const sealed = new Uint8Array(await response.arrayBuffer())
    assert.equal(Buffer.from(sealed).includes('acme'), false)
    assert.equal((await api.call('POST', '/api/backup', {})).status, 400)
    await api.close()

    for (const engine of engines) {
      const target = await scratchDatabase(engine, { empty: true })
      const rootKeyFile = join(target.directory, 'root.key')
      const archiveDirectory = join(target.directory, 'audit-archive')
      const input = {
        address: target.address,
        migrations,
        clock: systemClock,
        opener: { passphrase },
        rootKeyFile,
        archiveDirectory,
      }
      for (const damaged of [
        sealed.slice(0, -1),
        sealed.slice(0, 500),
        sealed.with(sealed.length >> 1, sealed[sealed.length >> 1]! ^ 1),
      ])
        await assert.rejects(restoreBackup(chunked(damaged), input), unreadable)
      await assert.rejects(
        restoreBackup(chunked(sealed), { ...input, opener: { passphrase: new Secret('wrong one here') } }),
        unreadable,
      )
      const { rows } = await restoreBackup(chunked(sealed), input)
      assert.ok(rows > 10)
      await assert.rejects(restoreBackup(chunked(sealed), input), (error) =>
        isFault(error, 'observability.restore_not_empty'),
      )
      copyFileSync(join(scratch.directory, 'root.key'), rootKeyFile)
      const again = await startApi(target)
      assert.equal((await again.call('GET', `/api/organizations/${made.body.id}`)).body.name, 'acme')
      assert.equal(again.keyring.activeKey('ES256').kid, kid)
      assert.equal((await again.call('POST', '/api/organizations', { name: 'later' })).status, 201)
      while ((await again.storage.unnumberedSinceMs()) !== undefined)
        await new Promise((resolve) => setTimeout(resolve, 20))
      const events = await again.storage.db.selectFrom('events').select('position').orderBy('position').execute()
      assert.deepEqual(
        events.map(({ position }) => position),
        events.map((_, index) => index + 1),
      )
      await again.close()
      await target.remove()
    }
  },
)

onEachEngine('a backup for a recipient opens with the private key only', async (scratch) => {
  const storage = await openStorage(scratch.address, { clock: systemClock, migrations })
  const { recipient, privateKey } = makeBackupRecipient()
  const parts: Buffer[] = []
  for await (const part of createBackup({ storage, entropy: systemEntropy, nowMs: 1, key: { recipient } }))
    parts.push(part)
  await storage.close()
  const sealed = Buffer.concat(parts)
  const target = await scratchDatabase('sqlite', { empty: true })
  const input = {
    address: target.address,
    migrations,
    clock: systemClock,
    rootKeyFile: join(target.directory, 'root.key'),
    archiveDirectory: join(target.directory, 'audit-archive'),
  }
  await assert.rejects(restoreBackup(chunked(sealed), { ...input, opener: makeBackupRecipient() }), unreadable)
  await restoreBackup(chunked(sealed), { ...input, opener: { privateKey } })
  await target.remove()
})

onEachEngine(
  'archives of the audit log are in a backup that is asked for them, and put back; else a restore names those that are not there, or not as they were written',
  async (scratch) => {
    const storage = await openStorage(scratch.address, { clock: systemClock, migrations })
    const archiveDirectory = join(scratch.directory, 'audit-archive')
    const entries = Array.from({ length: archiveSize }, (_, at) => ({
      position: at + 1,
      organizationId: undefined,
      salt: Buffer.alloc(32, 1),
      body: `{"n":${at + 1}}`,
    }))
    await storage.transact((tx) => insertLedgerEntries(tx, entries))
    assert.equal(await new Archives(storage, archiveDirectory).write(1, 0), true)
    const [file] = readdirSync(archiveDirectory) as [string]
    const backup = async (options: { archiveDirectory?: string }) => {
      const parts: Buffer[] = []
      const input = { storage, entropy: systemEntropy, nowMs: 1, key: { passphrase }, ...options }
      for await (const part of createBackup(input)) parts.push(part)
      return Buffer.concat(parts)
    }
    const whole = await backup({ archiveDirectory })
    const without = await backup({})
    await storage.close()
    const restore = async (sealed: Uint8Array, before?: (directory: string) => void) => {
      const target = await scratchDatabase('sqlite', { empty: true })
      before?.(target.directory)
      const restored = await restoreBackup(chunked(sealed), {
        address: target.address,
        migrations,
        clock: systemClock,
        opener: { passphrase },
        rootKeyFile: join(target.directory, 'root.key'),
        archiveDirectory: target.directory,
      })
      return { ...restored, target }
    }
    const all = await restore(whole)
    assert.deepEqual([all.archivesPutBack, all.archives], [1, { files: 1, away: [], damaged: [] }])
    assert.deepEqual(readFileSync(join(all.target.directory, file)), readFileSync(join(archiveDirectory, file)))
    const reopened = await openStorage(all.target.address, { clock: systemClock, migrations })
    const found = await new Archives(reopened, all.target.directory).find(4_000)
    assert.equal(found !== undefined && 'body' in found ? found.body : undefined, '{"n":4000}')
    await reopened.close()
    const none = await restore(without)
    assert.deepEqual([none.archivesPutBack, none.archives], [0, { files: 1, away: [file], damaged: [] }])
    const other = await restore(without, (directory) => writeFileSync(join(directory, file), 'something else'))
    assert.deepEqual(other.archives, { files: 1, away: [], damaged: [file] })
    for (const { target } of [all, none, other]) await target.remove()
  },
)
