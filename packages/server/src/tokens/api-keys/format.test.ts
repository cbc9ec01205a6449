import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { systemEntropy } from '#kernel'
import { isApiKeyShaped, makeApiKey } from './format.ts'

test('a key is what secret scanners look for: a prefix, 43 characters of chance, and their CRC-32', () => {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  for (let turn = 0; turn < 200; turn++) {
    const key = makeApiKey(systemEntropy).reveal()
    assert.match(key, /^ghkey_[0-9A-Za-z]{49}$/)
    assert.ok(isApiKeyShaped(key))
    // The checksum as anybody would compute it.
    const value = [...key.slice(49)].reduce((sum, digit) => sum * 62 + digits.indexOf(digit), 0)
    assert.equal(value, crc32(key.slice(6, 49)))
  }
})

test('one character changed anywhere, or anything around it, is no key; all of chance is used', () => {
  const key = makeApiKey(systemEntropy).reveal()
  for (let at = 0; at < key.length; at++) {
    const other = `${key.slice(0, at)}${key[at] === 'x' ? 'y' : 'x'}${key.slice(at + 1)}`
    assert.equal(isApiKeyShaped(other), false, other)
  }
  for (const other of [`${key}x`, ` ${key}`, `${key}\n`, key.slice(0, -1), key.toUpperCase(), '', 'ghkey_'])
    assert.equal(isApiKeyShaped(other), false, other)
  const most = { bytes: (length: number) => new Uint8Array(length).fill(255) }
  const least = { bytes: (length: number) => new Uint8Array(length) }
  assert.match(makeApiKey(least).reveal(), /^ghkey_0{43}/)
  assert.ok(isApiKeyShaped(makeApiKey(most).reveal()))
  assert.notEqual(makeApiKey(most).reveal()[6], '0')
})
