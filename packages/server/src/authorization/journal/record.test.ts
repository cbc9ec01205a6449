import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DecisionRecord, decodeRecord, encodeRecord } from './record.ts'

const text = fc.string({ unit: 'binary', maxLength: 20 }).map((given) => given.toWellFormed())
const uid = fc.record({ type: text, id: text })
const record: fc.Arbitrary<DecisionRecord> = fc.record(
  {
    atMs: fc.nat(),
    requestId: text,
    via: fc.constantFrom('gate', 'authzen', 'forward-auth', 'ext-authz', 'local'),
    applicationId: text,
    caller: uid,
    principal: uid,
    action: uid,
    resource: uid,
    outcome: fc.constantFrom('allow', 'deny_policy', 'deny_default', 'deny_error'),
    reasons: fc.array(text, { maxLength: 3 }),
    errors: fc.array(text, { maxLength: 3 }),
    bundle: text,
    position: fc.nat(),
    tookMicros: fc.nat(),
    edge: fc.record({ stream: text, number: fc.nat() }),
  },
  {
    requiredKeys: [
      ...(['atMs', 'requestId', 'via', 'principal', 'action', 'resource', 'outcome'] as const),
      ...(['reasons', 'errors', 'bundle', 'position', 'tookMicros'] as const),
    ],
  },
) as fc.Arbitrary<DecisionRecord>

test('a line says what the record says, whatever stands in its names, and beside whatever records', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), fc.boolean(), (records, alike) => {
      const shared = records[0] as DecisionRecord
      records.forEach((one, number) => {
        const { atMs, requestId, via, applicationId, caller } = shared
        const given = alike ? { ...one, atMs, requestId, via, applicationId, caller } : one
        const line = encodeRecord(number, given)
        assert.equal(line.indexOf('\n'), line.length - 1)
        const read = decodeRecord(Buffer.from(line.slice(0, -1)))
        assert.deepEqual(read, JSON.parse(JSON.stringify({ number, ...given })))
      })
    }),
    { numRuns: 500 },
  )
})
