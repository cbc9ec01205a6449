import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { test } from 'node:test'
import { toDerSignature, toJwsSignature } from './ecdsa-signature.ts'

test('ES256 signatures keep their meaning both ways, also with short and high integers (RFC 7518 3.4)', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jws = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  const lengths = new Set<number>()
  for (let turn = 0; turn < 2_000; turn++) {
    const data = randomBytes(40)
    const der = sign('sha256', data, privateKey)
    lengths.add(der.length)
    const raw = toJwsSignature(der)
    assert.equal(raw.length, 64)
    if (turn < 200) assert.ok(verify('sha256', data, jws, raw))
    assert.deepEqual(Buffer.from(toDerSignature(raw) as Uint8Array), der)
  }
  assert.ok(lengths.size >= 3, `lengths seen: ${[...lengths]}`)
})

test('a signature of another length, or of zeros, verifies nothing and throws nothing', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const length of [0, 1, 63, 65, 72]) assert.equal(toDerSignature(new Uint8Array(length)), undefined)
  const zeros = toDerSignature(new Uint8Array(64)) as Uint8Array
  assert.equal(verify('sha256', Buffer.from('x'), publicKey, zeros), false)
})
