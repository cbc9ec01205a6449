import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { emptyRoot, leafHash, nodeHash } from './hash.ts'
import { Log, readTiles } from './log.ts'
import { rawEd25519, signWith } from './note.ts'
import { MemoryStorage } from './storage.ts'
import { decodeBundle, encodeBundle, parseTilePath, tilePath, tilesOf } from './tile.ts'
import { Tree } from './tree.ts'
import { verifyConsistency, verifyInclusion } from './verify.ts'

/** The definition itself (RFC 6962 §2.1), to compare with. */
function mth(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return emptyRoot
  if (leaves.length === 1) return leafHash(leaves[0] as Buffer)
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(mth(leaves.slice(0, k)), mth(leaves.slice(k)))
}

const entry = (index: number) => Buffer.from(`entry ${index}`)
const pair = generateKeyPairSync('ed25519')

async function logOf(size: number, batch = 1_000) {
  const storage = new MemoryStorage()
  const log = await Log.open({
    origin: 'test.example/log',
    storage,
    publicKey: rawEd25519(pair.publicKey),
    sign: signWith(pair.privateKey),
  })
  for (let at = 0; at < size; at += batch) {
    await log.append(Array.from({ length: Math.min(batch, size - at) }, (_, index) => entry(at + index)))
  }
  return { log, storage }
}

test('the known answers: empty tree, one empty leaf (RFC 6962 §2.1; the CT test vectors)', () => {
  assert.equal(emptyRoot.toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  assert.equal(
    leafHash(Buffer.alloc(0)).toString('hex'),
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  )
})

test('root, inclusion and consistency equal the definition at every size around the edges of tiles', async () => {
  const sizes = [1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 1_023, 65_535, 65_536, 65_537, 70_000]
  const { log, storage } = await logOf(70_000, 997)
  const leaves = Array.from({ length: 70_000 }, (_, index) => entry(index))
  for (const size of sizes) {
    const tree = new Tree(size, async (tile) => {
      const full = await storage.read(tilePath({ ...tile, width: 256 }))
      return (full ?? (await widest(storage, tile)))?.subarray(0, tile.width * 32)
    })
    const root = await tree.root()
    assert.deepEqual(root, mth(leaves.slice(0, size)), `root of ${size}`)
    for (const index of new Set([0, 1, Math.floor(size / 2), size - 1].filter((at) => at < size))) {
      const proof = await tree.inclusionProof(index)
      assert.ok(verifyInclusion(leafHash(entry(index)), index, size, proof, root), `${index} in ${size}`)
      assert.ok(!verifyInclusion(leafHash(entry(index + 1)), index, size, proof, root))
    }
    const proof = await log.tree().consistencyProof(size)
    assert.ok(verifyConsistency(size, root, 70_000, log.checkpoint.root, proof), `${size} to 70000`)
  }
})

async function widest(storage: MemoryStorage, tile: { level: number | 'entries'; index: number }) {
  for (let width = 255; width > 0; width--) {
    const found = await storage.read(tilePath({ ...tile, width }))
    if (found) return found
  }
  return undefined
}

test('a proof with any one byte turned, a hash more or a hash less does not verify', async () => {
  const { log } = await logOf(300)
  const { size, root } = log.checkpoint
  await fc.assert(
    fc.asyncProperty(fc.nat(size - 1), fc.nat(size - 1), fc.nat(), async (index, from, at) => {
      const inclusion = await log.tree().inclusionProof(index)
      const consistency = await log.tree().consistencyProof(from)
      const oldRoot = mth(Array.from({ length: from }, (_, i) => entry(i)))
      assert.ok(verifyInclusion(leafHash(entry(index)), index, size, inclusion, root))
      assert.ok(verifyConsistency(from, oldRoot, size, root, consistency))
      for (const [proof, check] of [
        [inclusion, (p: Buffer[]) => verifyInclusion(leafHash(entry(index)), index, size, p, root)],
        [consistency, (p: Buffer[]) => verifyConsistency(from, oldRoot, size, root, p)],
      ] as const) {
        assert.ok(!check([...proof, root]))
        if (proof.length === 0) continue
        assert.ok(!check(proof.slice(1)))
        const turned = proof.map((hash) => Buffer.from(hash))
        const target = turned[at % turned.length] as Buffer
        target[at % 32] = (target[at % 32] as number) ^ 1
        assert.ok(!check(turned))
      }
    }),
    { numRuns: 60 },
  )
})

test('a tile has one path: it reads back, and no other spelling is taken (tlog-tiles "Merkle Tree")', () => {
  assert.equal(tilePath({ level: 0, index: 1_234_067, width: 256 }), 'tile/0/x001/x234/067')
  assert.equal(tilePath({ level: 'entries', index: 5, width: 17 }), 'tile/entries/005.p/17')
  fc.assert(
    fc.property(
      fc.constantFrom('entries' as const, 0, 1, 5, 63),
      fc.nat(2 ** 31),
      fc.integer({ min: 1, max: 256 }),
      (level, index, width) => {
        assert.deepEqual(parseTilePath(tilePath({ level, index, width })), { level, index, width })
      },
    ),
  )
  for (const odd of [
    'tile/00/000',
    'tile/64/000',
    'tile/0/0',
    'tile/0/x000/001',
    'tile/0/001.p/256',
    'tile/0/001.p/0',
    'tile/0/../x',
    'checkpoint',
  ]) {
    assert.equal(parseTilePath(odd), undefined, odd)
  }
})

test('a tree of 70,000 has the tiles that the specification names, and a tree of 256 has no empty one', () => {
  const tiles = [...tilesOf(70_000)]
  assert.equal(tiles.filter((tile) => tile.level === 0 && tile.width === 256).length, 273)
  const partial = tiles
    .filter((tile) => tile.width < 256 && tile.level !== 'entries')
    .map((tile) => [tile.level, tile.width])
  assert.deepEqual(partial, [
    [0, 112],
    [1, 17],
    [2, 1],
  ])
  assert.deepEqual([...tilesOf(256)].map(tilePath), ['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1'])
})

test('bundles hold any entries up to 65,535 bytes, and refuse a cut or a wrong count', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 }), (entries) => {
      const bundle = encodeBundle(entries)
      assert.deepEqual(
        decodeBundle(bundle, entries.length),
        entries.map((bytes) => Buffer.from(bytes)),
      )
      assert.throws(() => decodeBundle(bundle, entries.length + 1), { code: 'malformed' })
      assert.throws(() => decodeBundle(bundle.subarray(0, -1), entries.length), { code: 'malformed' })
    }),
  )
  assert.throws(() => encodeBundle([Buffer.alloc(65_536)]), { code: 'too_large' })
})

test('a log opened again goes on where it stood, whatever the batches were', async () => {
  const { log, storage } = await logOf(700, 101)
  const again = await Log.open({
    origin: 'test.example/log',
    storage,
    publicKey: rawEd25519(pair.publicKey),
    sign: signWith(pair.privateKey),
  })
  assert.equal(await again.append([entry(700)]), 700)
  const whole = await logOf(701)
  assert.deepEqual(again.checkpoint.root, whole.log.checkpoint.root)
  assert.notDeepEqual(log.checkpoint.root, again.checkpoint.root)
  assert.deepEqual(await new Tree(701, readTiles(storage)).root(), again.checkpoint.root)
})
