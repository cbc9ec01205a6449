import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { accountPath, parseReturnTo } from './return-to.ts'

const own = 'https://id.example.com'

test('parseReturnTo: an address of our own is kept with its query, without its fragment', () => {
  assert.equal(parseReturnTo('/oauth/auth/abc?x=%2F%2F1', own), '/oauth/auth/abc?x=%2F%2F1')
  assert.equal(parseReturnTo('/account#top', own), '/account')
})

test('parseReturnTo: what browsers take for another origin leads to the account page (OWASP ASVS 5.1.5)', () => {
  for (const text of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '\\\\evil.example',
    '/%0a/evil.example\n',
    'javascript:alert(1)',
    ' /account',
    '/./\\evil.example',
    '/..//evil.example',
    '',
    '/é',
    `/${'a'.repeat(5_000)}`,
    undefined,
    ['/account'],
  ]) {
    const to = parseReturnTo(text, own)
    assert.equal(new URL(to, own).origin, own, String(text))
    assert.ok(!/^\/[/\\]/.test(to), String(text))
  }
})

test('parseReturnTo: pages of signing in and out would go round in a circle', () => {
  for (const text of ['/sign-in', '/sign-in?return_to=/sign-in', '/sign-out', '/enrol/totp', '/a/../sign-in/password'])
    assert.equal(parseReturnTo(text, own), accountPath)
  assert.equal(parseReturnTo('/sign-info', own), '/sign-info')
})

test('parseReturnTo: whatever the text, the browser stays on our origin', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(new URL(parseReturnTo(`/${text}`, own), own).origin, own)
    }),
    { numRuns: 500 },
  )
})
