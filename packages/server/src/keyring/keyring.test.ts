import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { calculateJwkThumbprint } from 'jose'
import { Feed, feedMigrations, listEvents } from '#feed'
import { type Act, isFault, ManualClock, Meter, systemClock, systemEntropy } from '#kernel'
import { openStorage, type Storage } from '#storage'
import { onEmptyDatabase, type Scratch } from '../../test/support/engines.ts'
import { numberAllEvents } from '../../test/support/number-events.ts'
import { keyringMigrations } from './data-key.store.ts'
import { openKeyring } from './keyring.ts'
import { definePurposes } from './purposes.ts'

definePurposes({ 'test.one': 'A test', 'test.two': 'Another' })
const act: Act = { actor: { type: 'system', name: 'test' }, requestId: 'req' }
const times = { publishForMs: 1_000, retireAfterMs: 5_000, rotateEveryMs: 100_000 }
const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const code = (wanted: string) => (error: unknown) => isFault(error, wanted)

async function start(scratch: Scratch, clock: ManualClock, node = 'a') {
  const storage = await openStorage(scratch.address, {
    clock: systemClock,
    migrations: [...feedMigrations, ...keyringMigrations],
  })
  const onError = (where: string, error: unknown) => assert.fail(`${where}: ${error}`)
  const feed = new Feed({ storage, clock: systemClock, meter: new Meter(), onError })
  const close = async () => {
    await feed.close()
    await storage.close()
  }
  const rootKeyFile = join(scratch.directory, node, 'root.key')
  const deps = { storage, feed, clock, entropy: systemEntropy, meter: new Meter(), rootKeyFile, times, onError }
  const keyring = await openKeyring(deps).catch(async (error) => {
    await close()
    throw error
  })
  return {
    storage,
    keyring,
    rootKeyFile,
    close: async () => {
      await keyring.close()
      await close()
    },
  }
}

onEmptyDatabase('what was sealed opens after a restart, for its purpose and its context only', async (scratch) => {
  const clock = new ManualClock(1_000)
  const first = await start(scratch, clock)
  const sealed = first.keyring.seal('test.one', bytes('swordfish'), 'row 1')
  assert.equal(Buffer.from(sealed).includes('swordfish'), false)
  assert.equal(statSync(first.rootKeyFile).mode & 0o777, 0o600)
  await first.close()
  const { keyring, close } = await start(scratch, clock)
  assert.equal(Buffer.from(await keyring.unseal('test.one', sealed, 'row 1')).toString(), 'swordfish')
  await assert.rejects(keyring.unseal('test.two', sealed, 'row 1'), code('keyring.sealed_invalid'))
  await assert.rejects(keyring.unseal('test.one', sealed, 'row 2'), code('keyring.sealed_invalid'))
  for (const at of [0, 1, 5, 20, sealed.length - 1]) {
    const changed = sealed.slice()
    changed[at]! ^= 1
    await assert.rejects(keyring.unseal('test.one', changed, 'row 1'), code('keyring.sealed_invalid'))
  }
  await assert.rejects(keyring.unseal('test.one', sealed.slice(0, 10), 'row 1'), code('keyring.sealed_invalid'))
  assert.throws(() => keyring.seal('test.three', bytes('x')), TypeError)
  await close()
})

onEmptyDatabase('a missing, foreign or malformed root key refuses the start and changes no file', async (scratch) => {
  const clock = new ManualClock(1_000)
  const first = await start(scratch, clock)
  await first.close()
  const kept = readFileSync(first.rootKeyFile)
  rmSync(first.rootKeyFile)
  await assert.rejects(start(scratch, clock), code('keyring.root_key_missing'))
  assert.throws(() => statSync(first.rootKeyFile))
  writeFileSync(first.rootKeyFile, `${'A'.repeat(43)}\n`)
  await assert.rejects(start(scratch, clock), code('keyring.root_key_wrong'))
  writeFileSync(first.rootKeyFile, 'short\n')
  await assert.rejects(start(scratch, clock), code('keyring.root_key_invalid'))
  writeFileSync(first.rootKeyFile, kept)
  await (await start(scratch, clock)).close()
})

onEmptyDatabase('rotating data keys and the root key leaves everything readable', async (scratch) => {
  const clock = new ManualClock(1_000)
  const first = await start(scratch, clock)
  const sealed = first.keyring.seal('test.one', bytes('swordfish'))
  const { kid } = first.keyring.activeKey('ES256')
  await first.keyring.rotateDataKeys(act)
  assert.equal(first.keyring.isStale('test.one', sealed), true)
  assert.equal(first.keyring.isStale('test.one', first.keyring.seal('test.one', bytes('x'))), false)
  const before = readFileSync(first.rootKeyFile, 'utf8')
  const { from, to } = await first.keyring.rotateRootKey(act)
  assert.notEqual(from, to)
  assert.equal(readFileSync(first.rootKeyFile, 'utf8').includes(before.trim()), false)
  await first.close()
  const { keyring, storage, close } = await start(scratch, clock)
  assert.equal(Buffer.from(await keyring.unseal('test.one', sealed)).toString(), 'swordfish')
  assert.equal(keyring.activeKey('ES256').kid, kid)
  assert.equal(keyring.verify(kid, bytes('m'), keyring.sign(kid, bytes('m'))), true)
  const roots = await storage.db.selectFrom('data_keys').select('root_key_id').distinct().execute()
  assert.deepEqual(
    roots.map((row) => row.root_key_id),
    [to],
  )
  await close()
})

onEmptyDatabase('a start finishes a root key rotation that a crash cut after the file was written', async (scratch) => {
  const clock = new ManualClock(1_000)
  const first = await start(scratch, clock)
  const sealed = first.keyring.seal('test.one', bytes('swordfish'))
  await first.close()
  const old = readFileSync(first.rootKeyFile, 'utf8')
  writeFileSync(first.rootKeyFile, `${Buffer.alloc(32, 7).toString('base64url')}\n${old}`)
  await (await start(scratch, clock)).close()
  writeFileSync(first.rootKeyFile, `${Buffer.alloc(32, 7).toString('base64url')}\n`)
  const { keyring, close } = await start(scratch, clock)
  assert.equal(Buffer.from(await keyring.unseal('test.one', sealed)).toString(), 'swordfish')
  await close()
})

onEmptyDatabase('a signing key is announced, signs, verifies while retiring, and is gone', async (scratch) => {
  const clock = new ManualClock(1_000)
  const { keyring, storage, close } = await start(scratch, clock)
  const old = keyring.activeKey('ES256')
  assert.equal(old.kid, await calculateJwkThumbprint(old as never)) // RFC 7638
  const signature = keyring.sign(old.kid, bytes('message'))
  const publicKey = createPublicKey({ key: old as never, format: 'jwk' })
  assert.equal(verify('sha256', bytes('message'), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature), true)

  const made = await keyring.rotate(act)
  assert.equal(made.state, 'published')
  assert.deepEqual(new Set(keyring.signingKeys().map(({ kid }) => kid)), new Set([old.kid, made.kid]))
  await assert.rejects(keyring.rotate(act), code('keyring.rotation_running'))
  clock.advanceMs(times.publishForMs - 1)
  assert.equal(await keyring.advance(), 0)
  assert.equal(keyring.activeKey('ES256').kid, old.kid)
  clock.advanceMs(1)
  assert.equal(await keyring.advance(), 1)
  assert.equal(keyring.activeKey('ES256').kid, made.kid)
  assert.equal(keyring.verify(old.kid, bytes('message'), signature), true)
  clock.advanceMs(times.retireAfterMs)
  assert.equal(await keyring.advance(), 1)
  assert.equal(keyring.verify(old.kid, bytes('message'), signature), false)
  assert.throws(() => keyring.sign(old.kid, bytes('message')), code('keyring.key_unknown'))
  const row = await storage.db.selectFrom('signing_keys').select('sealed').where('kid', '=', old.kid).execute()
  assert.equal(row[0]?.sealed, null)

  clock.advanceMs(times.rotateEveryMs)
  assert.equal(await keyring.advance(), 1) // the successor is published by itself
  await numberAllEvents(storage)
  const told = await listEvents(storage.db, 0, 100, { objectId: made.kid })
  assert.deepEqual(
    told.map((event) => (event.data as { state: string }).state),
    ['published', 'active'],
  )
  await close()
})

onEmptyDatabase('a stolen key is forgotten at once, with what it signed', async (scratch) => {
  const { keyring, close } = await start(scratch, new ManualClock(1_000))
  const old = keyring.activeKey('ES256')
  const signature = keyring.sign(old.kid, bytes('message'))
  const announced = await keyring.rotate(act)
  const made = await keyring.rotate(act, { atOnce: true, forget: true })
  assert.equal(keyring.activeKey('ES256').kid, made.kid)
  assert.notEqual(made.kid, announced.kid)
  assert.equal(keyring.verify(old.kid, bytes('message'), signature), false)
  assert.deepEqual(
    keyring.signingKeys().map(({ kid }) => kid),
    [made.kid],
  )
  await close()
})

onEmptyDatabase('EdDSA and RS256 keys sign what others verify (RFC 8037, RFC 7518 3.3)', async (scratch) => {
  const { keyring, close } = await start(scratch, new ManualClock(1_000))
  for (const algorithm of ['EdDSA', 'RS256'] as const) {
    assert.throws(() => keyring.activeKey(algorithm), code('keyring.no_active_key'))
    const made = await keyring.rotate(act, { algorithm })
    assert.equal(made.state, 'active')
    const jwk = keyring.activeKey(algorithm)
    assert.equal(jwk.kid, await calculateJwkThumbprint(jwk as never))
    assert.equal('d' in jwk, false)
    const key = createPublicKey({ key: jwk as never, format: 'jwk' })
    const signature = keyring.sign(jwk.kid, bytes('m'))
    assert.equal(verify(algorithm === 'EdDSA' ? null : 'sha256', bytes('m'), key, signature), true)
  }
  await close()
})

onEmptyDatabase(
  'every node sees a rotation, and two nodes that start together agree on the first key',
  async (scratch) => {
    if (scratch.address.engine === 'sqlite') return // one file has one server
    const clock = new ManualClock(1_000)
    const root = `${Buffer.alloc(32, 9).toString('base64url')}\n`
    for (const node of ['a', 'b']) {
      const file = join(scratch.directory, node)
      mkdirSync(file, { recursive: true })
      writeFileSync(join(file, 'root.key'), root)
    }
    await openStorage(scratch.address, { clock, migrations: [...feedMigrations, ...keyringMigrations] }).then(
      (storage: Storage) => storage.close(),
    )
    const [a, b] = await Promise.all([start(scratch, clock, 'a'), start(scratch, clock, 'b')])
    await b.keyring.advance()
    const changed = new Promise<void>((resolve) => b.keyring.onChange(resolve))
    const made = await a.keyring.rotate(act, { atOnce: true })
    await changed
    while (b.keyring.activeKey('ES256').kid !== made.kid) await new Promise((resolve) => setTimeout(resolve, 10))
    const signature = b.keyring.sign(made.kid, bytes('m'))
    assert.equal(a.keyring.verify(made.kid, bytes('m'), signature), true)
    const sealed = a.keyring.seal('test.one', bytes('shared'))
    assert.equal(Buffer.from(await b.keyring.unseal('test.one', sealed)).toString(), 'shared')
    await Promise.all([a.close(), b.close()])
  },
)
