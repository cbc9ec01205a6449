import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret, TOTP } from 'otpauth'
import { systemEntropy } from '#kernel'
import { newTotpSecret, showTotp, stepOfCode } from './totp.ts'

test('stepOfCode: the vectors of RFC 6238 B, cut to six digits', async () => {
  const secret = Buffer.from('12345678901234567890')
  for (const [seconds, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
  ] as const)
    assert.equal(await stepOfCode(secret, code, seconds * 1_000), Math.floor(seconds / 30))
})

test('stepOfCode: one step to either side is taken, two are not (RFC 6238 5.2)', async () => {
  const secret = newTotpSecret(systemEntropy)
  const totp = new TOTP({ secret: new Secret({ buffer: Uint8Array.from(secret).buffer }) })
  const now = 1_800_000_015_000
  const step = Math.floor(now / 30_000)
  const at = (steps: number) => totp.generate({ timestamp: now + steps * 30_000 })
  for (const steps of [-1, 0, 1]) assert.equal(await stepOfCode(secret, at(steps), now), step + steps)
  for (const steps of [-2, 2]) assert.equal(await stepOfCode(secret, at(steps), now), undefined)
})

test('stepOfCode: spaces do not matter; what is no code is none', async () => {
  const secret = Buffer.from('12345678901234567890')
  assert.equal(await stepOfCode(secret, ' 287 082 ', 59_000), 1)
  for (const text of ['', '28708', '2870822', 'abcdef', '２８７０８２'])
    assert.equal(await stepOfCode(secret, text, 59_000), undefined)
})

test('showTotp: the text is the secret in base32, the picture an image of our own', async () => {
  const { text, qr } = await showTotp(Buffer.from('12345678901234567890'), 'ada')
  assert.equal(text, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
  assert.match(qr, /^data:image\/svg\+xml;base64,/)
})
