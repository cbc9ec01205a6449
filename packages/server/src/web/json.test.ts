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

test('findAmbiguousKey: among many keys, in nested objects of many, a repeated one is found and others are not', () => {
  const many = (from: number, more = '') =>
    `{${Array.from({ length: 40 }, (_, at) => `"k${from + at}":${at}`).join(',')}${more}}`
  assert.equal(findAmbiguousKey(`[${many(0)},${many(0)}]`), undefined)
  assert.equal(findAmbiguousKey(many(0, `,"deep":${many(0)},"last":1`)), undefined)
  assert.equal(findAmbiguousKey(many(0, ',"k39":1')), 'k39')
  assert.equal(findAmbiguousKey(many(0, ',"k3":1')), 'k3')
  assert.equal(findAmbiguousKey(many(0, `,"deep":${many(0, ',"k20":0')}`)), 'k20')
  assert.equal(findAmbiguousKey('{"a":{"\\u0062":1,"b":2}}'), 'b')
  assert.equal(findAmbiguousKey('{"\\u0061":{"a":1,"b":{"a":2}}}'), undefined)
  assert.equal(findAmbiguousKey('{"__proto__":1}'), '__proto__')
  assert.equal(findAmbiguousKey('{"__proto_":1,"a":[{"__prot\\u006f__":1}]}'), '__proto__')
})
