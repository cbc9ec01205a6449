import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toSortedJson } from './leaf.ts'

test('sorted JSON is what JSON.stringify makes of the same value, with members in order of their names at every depth', () => {
  const sorted = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(sorted)
    // A Map keeps an order that an object with members like "1" would not.
    return new Map(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  const write = (value: unknown): string => {
    const one = sorted(value)
    if (Array.isArray(one)) return `[${(value as unknown[]).map(write).join(',')}]`
    if (one instanceof Map)
      return `{${[...one].map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`).join(',')}}`
    return JSON.stringify(one)
  }
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = toSortedJson(value) as string
      assert.equal(text, write(value))
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
    }),
  )
  assert.equal(
    toSortedJson({ b: undefined, a: [undefined, 'x\u2028'], c: { z: 1, 10: 2, 9: 3 } }),
    '{"a":[null,"x\u2028"],"c":{"10":2,"9":3,"z":1}}',
  )
  assert.equal(toSortedJson(undefined), undefined)
})
