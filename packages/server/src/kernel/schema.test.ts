import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type as TypeBox } from 'typebox'
import { Type } from './schema.ts'

/** A schema of every builder, with and without options. */
function examples(it: typeof Type) {
  const name = it.String({ maxLength: 63, pattern: '^[a-z]+$', description: 'a name' })
  const member = it.Object({ name, at: it.Optional(it.Integer({ minimum: 0 })) }, { additionalProperties: false })
  return [
    it.Any(),
    it.Any({ description: 'whatever' }),
    it.Array(member, { maxItems: 3, uniqueItems: true }),
    it.Boolean(),
    it.Integer({ maximum: 9 }),
    it.Literal('page'),
    it.Literal(3, { description: 'three' }),
    it.Literal(true),
    it.Null(),
    it.Number({ exclusiveMinimum: 0 }),
    it.Object({}),
    it.Object({ every: it.Optional(it.Boolean()) }, { description: 'none is required' }),
    it.Object({ a: it.Unsafe<'x'>({ type: 'string', enum: ['x'] }), b: it.Optional(it.Unsafe<1>(it.Integer())) }),
    it.Object({ a: it.Unsafe<1>(it.Optional(it.Integer())) }),
    it.Record(it.String(), it.Unknown()),
    it.Record(it.String({ maxLength: 5 }), it.String(), { maxProperties: 2 }),
    it.Record(it.String({ pattern: '^[a-z]{2}$' }), member),
    it.Union([it.Literal('a'), member, it.Null()], { default: null }),
    it.Unknown({ description: 'unknown' }),
  ]
}

test('every builder makes the JSON schema that TypeBox makes', () => {
  const ours = examples(Type)
  const theirs = examples(TypeBox)
  for (const [at, schema] of ours.entries()) assert.equal(JSON.stringify(schema), JSON.stringify(theirs[at]))
  assert.deepEqual(
    Object.keys(Type).sort(),
    Object.keys(Type)
      .filter((name) => name in TypeBox)
      .sort(),
  )
})

test('an optional member leaves the schema that it is made of as it was', () => {
  const shared = Type.String()
  const object = Type.Object({ may: Type.Optional(shared), must: shared })
  assert.deepEqual((object as { required?: string[] }).required, ['must'])
})
