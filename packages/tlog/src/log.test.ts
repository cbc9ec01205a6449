import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatCheckpoint, signCheckpoint } from './checkpoint.ts'
import { Log, readTiles } from './log.ts'
import { rawEd25519, signWith } from './note.ts'
import { DirectoryStorage, type LogStorage, MemoryStorage } from './storage.ts'
import { tilePath, tilesOf } from './tile.ts'
import { verifyLog } from './verify-log.ts'

const pair = generateKeyPairSync('ed25519')
const publicKey = rawEd25519(pair.publicKey)
const origin = 'test.example/log'
const open = (storage: LogStorage) => Log.open({ origin, storage, publicKey, sign: signWith(pair.privateKey) })
const entries = (count: number, word = 'entry') =>
  Array.from({ length: count }, (_, index) => Buffer.from(`${word} ${index}`))

async function verify(storage: LogStorage, log: Log, earlier: string[] = []) {
  const checkpoint = Buffer.from((await storage.read('checkpoint')) as Uint8Array).toString()
  return verifyLog({ checkpoint, logKey: log.verifierKey, read: readTiles(storage), earlier })
}

for (const size of [0, 1, 255, 256, 257, 1_000]) {
  test(`a log of ${size} verifies whole, and not with any one file changed or missing`, async () => {
    const storage = new MemoryStorage()
    const log = await open(storage)
    await log.append(entries(size))
    await verify(storage, log)
    for (const tile of tilesOf(size)) {
      const path = tilePath(tile)
      const good = storage.files.get(path) as Uint8Array
      assert.ok(good, `${path} exists`)
      for (const at of [0, good.length >> 1, good.length - 1]) {
        const bad = Buffer.from(good)
        bad[at] = (bad[at] as number) ^ 0x10
        storage.files.set(path, bad)
        await assert.rejects(verify(storage, log), { name: 'TlogError' }, `${path} byte ${at}`)
      }
      storage.files.delete(path)
      await assert.rejects(verify(storage, log), { code: 'missing' }, path)
      storage.files.set(path, good)
    }
    await verify(storage, log)
  })
}

test('every checkpoint ever signed is a beginning of the newest; a fork is named', async () => {
  const storage = new MemoryStorage()
  const log = await open(storage)
  const kept: string[] = []
  for (let turn = 0; turn < 40; turn++) {
    await log.append(entries(17, `turn ${turn}`))
    kept.push(formatCheckpoint(log.checkpoint))
  }
  await verify(storage, log, kept)
  const other = await open(new MemoryStorage())
  await other.append(entries(100, 'another history'))
  await assert.rejects(verify(storage, log, [formatCheckpoint(other.checkpoint)]), { code: 'inconsistent' })
  const ahead = await signCheckpoint(
    { origin, size: 10_000, root: log.checkpoint.root },
    publicKey,
    signWith(pair.privateKey),
  )
  await assert.rejects(verify(storage, log, [formatCheckpoint(ahead)]), { code: 'inconsistent' })
})

test('crash points: whatever write is cut short, the log opens again with all that was acknowledged and no fork', async () => {
  // Each row: how many storage calls succeed before the crash, and whether half of the files of the next reach the disk.
  for (let calls = 0; calls < 8; calls++) {
    for (const torn of [false, true]) {
      const disk = new MemoryStorage()
      let left = calls
      const crashing: LogStorage = {
        read: (path) => disk.read(path),
        write: async (files) => {
          if (left-- > 0) return disk.write(files)
          if (torn) await disk.write(new Map([...files].slice(0, Math.ceil(files.size / 2))))
          throw new Error('crash')
        },
        writeCheckpoint: async (text) => {
          if (left-- > 0) return disk.writeCheckpoint(text)
          throw new Error('crash')
        },
        remove: async () => undefined,
      }
      let acknowledged = 0
      const kept: string[] = []
      try {
        const log = await open(crashing)
        for (let turn = 0; turn < 4; turn++) {
          await log.append(entries(200, `turn ${turn}`))
          acknowledged = log.checkpoint.size
          kept.push(formatCheckpoint(log.checkpoint))
        }
      } catch (error) {
        assert.equal((error as Error).message, 'crash')
      }
      const again = await open(disk)
      assert.ok(again.checkpoint.size >= acknowledged, `after ${calls} calls`)
      await again.append(entries(300, 'another ending'))
      await verify(disk, again, kept)
    }
  }
})

test('appends at once are done in turn, none lost', async () => {
  const storage = new MemoryStorage()
  const log = await open(storage)
  const starts = await Promise.all(Array.from({ length: 50 }, (_, turn) => log.append(entries(7, `turn ${turn}`))))
  assert.deepEqual(
    starts,
    Array.from({ length: 50 }, (_, turn) => turn * 7),
  )
  await verify(storage, log)
})

test('an entry too large is refused with its batch, and nothing is appended', async () => {
  const log = await open(new MemoryStorage())
  await assert.rejects(log.append([Buffer.from('a'), Buffer.alloc(65_536)]), { code: 'too_large' })
  assert.equal(log.checkpoint.size, 0)
  await log.append([Buffer.alloc(65_535)])
  assert.equal(log.checkpoint.size, 1)
})

test('a log in a directory survives being closed, and refuses to open under another key or with a turned bit', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tlog-'))
  try {
    const storage = new DirectoryStorage(directory)
    const log = await open(storage)
    await log.append(entries(600))
    const again = await open(new DirectoryStorage(directory))
    await again.append(entries(1))
    await verify(storage, again, [formatCheckpoint(log.checkpoint)])
    const stranger = generateKeyPairSync('ed25519')
    const strange = { origin, storage, publicKey: rawEd25519(stranger.publicKey), sign: signWith(stranger.privateKey) }
    await assert.rejects(Log.open(strange), { code: 'unsigned' })
    const path = tilePath({ level: 0, index: 2, width: 89 })
    const bytes = Buffer.from((await storage.read(path)) as Uint8Array)
    bytes[5] = (bytes[5] as number) ^ 1
    await storage.write(new Map([[path, bytes]]))
    await assert.rejects(open(storage), { code: 'forged' })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
