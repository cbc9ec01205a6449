import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findAmbiguousKey } from './json.ts'

test('findAmbiguousKey: what JSON.stringify writes is never ambiguous, whatever the keys and strings hold', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false } as never), (value) => {
      const text = JSON.stringify(value)
      assert.equal(findAmbiguousKey(text), text.includes('__proto__') ? findAmbiguousKey(text) : undefined)
    }),
    { numRuns: 500 },
  )
})

test('findAmbiguousKey: a key repeated in one object is found, at any depth and in any spelling', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), fc.nat(4), fc.boolean(), (key, value, depth, escaped) => {
      fc.pre(key !== '__proto__')
      const spelled = escaped
        ? `"${[...Array(key.length).keys()].map((at) => `\\u${key.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
        : JSON.stringify(key)
      let text = `{"${'other'}${key.length}x":1,${JSON.stringify(key)}:${JSON.stringify(value)},${spelled}:2}`
      for (let level = 0; level < depth; level++) text = level % 2 ? `{"deep":${text}}` : `[0,${text}]`
      JSON.parse(text)
      assert.notEqual(findAmbiguousKey(text), undefined)
    }),
    { numRuns: 500 },
  )
})

test('findAmbiguousKey: the same key in two objects is no repetition', () => {
  assert.equal(findAmbiguousKey('[{"a":1},{"a":{"a":"a\\"a"}}, {"b":"{\\"a\\":1,\\"a\\":2}"}]'), undefined)
})
