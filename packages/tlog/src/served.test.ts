import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Log, readTiles } from './log.ts'
import { rawEd25519, signWith } from './note.ts'
import { headersFor } from './serve.ts'
import { MemoryStorage } from './storage.ts'
import { type Tile, tilePath, tilesOf } from './tile.ts'
import { verifyLog } from './verify-log.ts'

const pair = generateKeyPairSync('ed25519')
const origin = 'test.example/log'

/** A log of so many entries, as any web server would serve its files. */
async function serve(size: number) {
  const storage = new MemoryStorage()
  const log = await Log.open({
    origin,
    storage,
    publicKey: rawEd25519(pair.publicKey),
    sign: signWith(pair.privateKey),
  })
  for (let at = 0; at < size; at += 8_192)
    await log.append(
      Array.from({ length: Math.min(8_192, size - at) }, (_, index) => Buffer.from(`entry ${at + index}`)),
    )
  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1)
    const bytes = storage.files.get(path)
    if (bytes === undefined) response.writeHead(404).end()
    else response.writeHead(200, headersFor(path)).end(bytes)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { storage, log, url, close: () => server.close() }
}

for (const size of [0, 1, 255, 256, 257, 70_000]) {
  test(`a log of ${size} entries verifies as it is served over HTTP, and with one bit turned anywhere it does not (tlog-tiles)`, async () => {
    const { storage, log, url, close } = await serve(size)
    try {
      const answer = await fetch(`${url}/checkpoint`)
      assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
      assert.match(answer.headers.get('cache-control') ?? '', /no-cache|no-store/)
      const checkpoint = await answer.text()
      const read = async (tile: Tile) => {
        const found = await fetch(`${url}/${tilePath(tile)}`)
        if (found.status !== 200) return undefined
        assert.equal(found.headers.get('content-type'), 'application/octet-stream')
        assert.match(found.headers.get('cache-control') ?? '', /immutable/)
        return new Uint8Array(await found.arrayBuffer())
      }
      let seen = 0
      const opened = await verifyLog({ checkpoint, logKey: log.verifierKey, read, onEntry: () => void seen++ })
      assert.deepEqual([opened.size, seen], [size, size])
      // Random places; which they were stands in the message. Small logs are tried more often than large ones.
      const paths = ['checkpoint', ...[...tilesOf(size)].map(tilePath)]
      for (let turn = 0; turn < (size > 1_000 ? 8 : 60); turn++) {
        const path = paths[Math.floor(Math.random() * paths.length)] as string
        const good = storage.files.get(path) as Uint8Array
        const bit = Math.floor(Math.random() * good.length * 8)
        const bad = Buffer.from(good)
        bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7))
        storage.files.set(path, bad)
        const now = Buffer.from(storage.files.get('checkpoint') as Uint8Array).toString('latin1')
        await assert.rejects(
          verifyLog({ checkpoint: now, logKey: log.verifierKey, read: readTiles(storage) }),
          { name: 'TlogError' },
          `${path}, bit ${bit} of ${size} entries`,
        )
        storage.files.set(path, good)
      }
    } finally {
      close()
    }
  })
}
