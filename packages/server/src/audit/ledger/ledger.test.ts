import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { parseVerifierKey, type Tile, TlogError, tilePath, verifyLog } from '@gatehouse/tlog'
import { defineEvents, Feed, feedMigrations, record } from '#feed'
import { type Act, Meter, systemClock, systemEntropy } from '#kernel'
import type { NamedKey } from '#keyring'
import { openStorage, type Storage } from '#storage'
import { testPersonKeys } from '../../../test/support/audit-house.ts'
import { alarmsOf } from '../../../test/support/burning.ts'
import { engines, onEmptyDatabase, type Scratch, scratchDatabase } from '../../../test/support/engines.ts'
import { startTestServer } from '../../../test/support/server.ts'
import { readLedgerTile } from './database-storage.ts'
import { encodeLeaf, hashBody } from './leaf.ts'
import {
  auditMigrations,
  eraseLedgerEntries,
  findLedgerEntry,
  findLedgerState,
  listLedgerEntries,
} from './ledger.store.ts'
import { type Ledger, openLedger } from './ledger.ts'

declare module '#feed' {
  interface EventCatalogue {
    'test.noted': { words: string }
  }
}
defineEvents({ 'test.noted': 'A test noted something' })

const act: Act = { actor: { type: 'system', name: 'test' }, requestId: 'req-1' }
const pair = generateKeyPairSync('ed25519')
const key: NamedKey = {
  publicKey: pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
  sign: (data) => sign(null, data, pair.privateKey),
}

async function openNode(scratch: Scratch) {
  const storage = await openStorage(scratch.address, {
    clock: systemClock,
    migrations: [...feedMigrations, ...auditMigrations],
  })
  const errors: unknown[] = []
  const onError = (_where: string, error: unknown) => void errors.push(error)
  const meter = new Meter()
  const feed = new Feed({ storage, clock: systemClock, meter, onError })
  const deps = {
    storage,
    feed,
    clock: systemClock,
    entropy: systemEntropy,
    meter,
    key,
    persons: testPersonKeys(storage),
    url: 'https://id.example.com',
    onError,
  }
  const ledger = await openLedger(deps)
  return {
    storage,
    ledger,
    errors,
    meter,
    close: async () => {
      await ledger.close()
      await feed.close()
      await storage.close()
    },
  }
}

const note = (storage: Storage, words: string) =>
  storage.write((tx) =>
    record(tx, act, {
      type: 'test.noted',
      atMs: 1,
      organizationId: undefined,
      object: { type: 'Note', id: words },
      data: { words },
    }),
  )

async function integrated(storage: Storage, size: number) {
  const until = Date.now() + 15_000
  while (((await findLedgerState(storage.db))?.size ?? 0) < size) {
    assert.ok(Date.now() < until, `the ledger did not reach ${size}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function verify(storage: Storage, ledger: Ledger, earlier: string[] = []) {
  const { checkpoint } = (await findLedgerState(storage.db)) as { checkpoint: string }
  const leaves: Buffer[] = []
  const read = (tile: Tile) => readLedgerTile(storage, tile)
  await verifyLog({
    checkpoint,
    logKey: ledger.log.verifierKey,
    read,
    earlier,
    onEntry: (_index, entry) => void leaves.push(entry),
  })
  return { checkpoint, leaves }
}

onEmptyDatabase('every event is a leaf, in order, and its salted body hashes to it', async (scratch) => {
  const node = await openNode(scratch)
  await Promise.all(Array.from({ length: 600 }, (_, turn) => note(node.storage, `note ${turn}`)))
  await integrated(node.storage, 600)
  const { leaves } = await verify(node.storage, node.ledger)
  const entries = await listLedgerEntries(node.storage.db, 0, 1_000)
  assert.equal(entries.length, 600)
  for (const [index, entry] of entries.entries()) {
    assert.equal(entry.position, index + 1)
    const hash = hashBody(entry.salt as Uint8Array, entry.body as string)
    assert.deepEqual(leaves[index], encodeLeaf({ position: entry.position, stream: 'feed', hash }))
    assert.equal(JSON.parse(entry.body as string).position, entry.position)
  }
  await node.close()
})

onEmptyDatabase(
  'a ledger opened again goes on; every checkpoint ever seen is a beginning of the newest, and verifies by its own tiles',
  async (scratch) => {
    const kept: string[] = []
    let total = 0
    for (let turn = 0; turn < 3; turn++) {
      const node = await openNode(scratch)
      for (let index = 0; index < 120; index++) await note(node.storage, `turn ${turn} note ${index}`)
      total += 120
      await integrated(node.storage, total)
      kept.push((await verify(node.storage, node.ledger, kept)).checkpoint)
      // Who fetched a checkpoint before the log grew still finds its partial tiles, as they were (tlog-tiles "Merkle Tree").
      for (const checkpoint of kept) {
        const read = (tile: Tile) => readLedgerTile(node.storage, tile)
        await verifyLog({ checkpoint, logKey: node.ledger.log.verifierKey, read })
      }
      await node.close()
    }
  },
)

onEmptyDatabase('erasing an entry destroys salt and body and leaves the tree as it was', async (scratch) => {
  const node = await openNode(scratch)
  for (const words of ['a', 'b', 'c']) await note(node.storage, words)
  await integrated(node.storage, 3)
  const before = await verify(node.storage, node.ledger)
  assert.deepEqual(await node.storage.transact((tx) => eraseLedgerEntries(tx, [2])), [2])
  assert.deepEqual(await findLedgerEntry(node.storage.db, 2), {
    position: 2,
    organizationId: undefined,
    salt: undefined,
    body: undefined,
  })
  assert.equal((await verify(node.storage, node.ledger)).checkpoint, before.checkpoint)
  await node.close()
})

onEmptyDatabase(
  'a turned bit in the edge or in the checkpoint is found at start: the ledger stands still, says so, pages, and loses nothing',
  async (scratch) => {
    const node = await openNode(scratch)
    for (let index = 0; index < 10; index++) await note(node.storage, `note ${index}`)
    await integrated(node.storage, 10)
    const tile = (await readLedgerTile(node.storage, { level: 0, index: 0, width: 10 })) as Uint8Array
    const { checkpoint } = (await findLedgerState(node.storage.db)) as { checkpoint: string }
    const turned = Buffer.from(tile)
    turned[40] = (turned[40] as number) ^ 1
    const put = (storage: Storage, bytes: Uint8Array, text: string) =>
      storage.transact(async (tx) => {
        await tx.updateTable('ledger_tiles').set({ bytes }).where('level', '=', 0).execute()
        await tx.updateTable('ledger_state').set({ checkpoint: text }).execute()
      })
    await put(node.storage, turned, checkpoint)
    await node.close()
    // What is wrong at this start, and at the next.
    for (const [code, next] of [
      ['forged', [tile, checkpoint.replace('\n10\n', '\n11\n')]],
      ['forged', [tile, checkpoint.replaceAll('id.example.com', 'id.example.org')]],
      ['unsigned', [tile, checkpoint]],
    ] as const) {
      const again = await openNode(scratch)
      assert.ok(again.ledger.broken instanceof TlogError)
      assert.equal(again.ledger.broken.code, code)
      assert.deepEqual(again.errors, [again.ledger.broken])
      assert.throws(() => again.ledger.log, { code: 'audit.ledger_broken' })
      assert.deepEqual(await alarmsOf(again.meter), { 'audit-ledger': 'page' })
      await note(again.storage, 'still recorded')
      await put(again.storage, ...next)
      await again.close()
    }
    const repaired = await openNode(scratch)
    await integrated(repaired.storage, 13)
    await verify(repaired.storage, repaired.ledger)
    assert.deepEqual(await alarmsOf(repaired.meter), {})
    await repaired.close()
  },
)

if (engines.includes('postgres')) {
  test('two nodes on one PostgreSQL integrate one history', async () => {
    const scratch = await scratchDatabase('postgres', { empty: true })
    const nodes = await Promise.all([openNode(scratch), openNode(scratch)])
    await Promise.all(Array.from({ length: 400 }, (_, turn) => note(nodes[turn % 2]!.storage, `note ${turn}`)))
    await integrated(nodes[0].storage, 400)
    assert.equal((await verify(nodes[1].storage, nodes[1].ledger)).leaves.length, 400)
    assert.deepEqual([...nodes[0].errors, ...nodes[1].errors], [])
    await Promise.all(nodes.map((node) => node.close()))
    await scratch.remove()
  })
}

onEmptyDatabase(
  'over HTTP: tiles as the specification serves them, verified without an identity; bodies only with one',
  async (scratch) => {
    const server = await startTestServer(scratch)
    await integrated(server.storage, 1)
    const get = (path: string) => fetch(`${server.url}${path}`)
    const about = (await (await get('/api/audit/log')).json()) as { origin: string; verifierKey: string }
    assert.equal(about.origin, `${new URL(server.url).host}/audit/log`)
    const answer = await get('/audit/log/checkpoint')
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
    const checkpoint = await answer.text()
    const read = async (tile: Tile) => {
      const found = await get(`/audit/log/${tilePath(tile)}`)
      if (found.status !== 200) return undefined
      assert.equal(found.headers.get('content-type'), 'application/octet-stream')
      assert.match(found.headers.get('cache-control') ?? '', /immutable/)
      return new Uint8Array(await found.arrayBuffer())
    }
    const entries: Buffer[] = []
    const logKey = parseVerifierKey(about.verifierKey)
    const opened = await verifyLog({ checkpoint, logKey, read, onEntry: (_index, entry) => void entries.push(entry) })
    assert.equal(entries.length, opened.size)
    assert.match((entries[0] as Buffer).toString(), /^gatehouse-leaf\/v1 feed\n1\n[A-Za-z0-9+/]{43}=\n$/)
    for (const odd of ['0/00', '0/000.p/300', '64/000', 'entries/../0', '0/999', 'x', '0/x000/001', '']) {
      assert.equal((await get(`/audit/log/tile/${odd}`)).status, 404, odd)
    }
    for (const path of ['/api/audit/entries/1', '/api/audit/proofs/1', '/api/audit/bodies'])
      assert.equal((await get(path)).status, 401, path)
    await server.close()
  },
)
