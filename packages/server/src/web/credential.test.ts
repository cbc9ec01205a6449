import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCredential } from './credential.ts'

test('readCredential: a token by either scheme, whatever its case; a field that comes again gives the same (RFC 6750 2.1, RFC 9449 7.1)', () => {
  for (let time = 0; time < 2; time++) {
    assert.deepEqual(readCredential('Bearer eyJ.a.b'), { isDpop: false, token: 'eyJ.a.b' })
    assert.deepEqual(readCredential('bearer  eyJ.a.b'), { isDpop: false, token: 'eyJ.a.b' })
    assert.deepEqual(readCredential('DPoP eyJ.a.b'), { isDpop: true, token: 'eyJ.a.b' })
    assert.deepEqual(readCredential('Bearer gh_key'), { isDpop: false, token: 'gh_key' })
  }
  assert.equal(readCredential('Bearer eyJ.a.b')?.token, readCredential('Bearer eyJ.a.b')?.token)
  for (const field of [undefined, '', 'Bearer', 'Bearer ', 'Bearer a b', 'Basic YTpi', 'xBearer a', 'Bearera'])
    assert.equal(readCredential(field), undefined, field)
})
