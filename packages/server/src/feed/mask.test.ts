import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maskedValue, toMaskedJson } from './mask.ts'

test('mask: the value of a sensitive member is masked at any depth; everything else is stored as it came', () => {
  const clean = { name: 'a "password": b', secretId: 'sec_1', nested: [{ pinned: 1 }] }
  assert.deepEqual(JSON.parse(toMaskedJson(clean)), clean)
  const told = { nested: [{ password: 'hunter2', secret: { a: 1 } }], client_secret: 7, otp: null, cookie: true }
  assert.deepEqual(JSON.parse(toMaskedJson(told)), {
    nested: [{ password: maskedValue, secret: maskedValue }],
    client_secret: maskedValue,
    otp: null,
    cookie: true,
  })
})
