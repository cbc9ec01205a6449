import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { LineBytes } from '@gatehouse/sdk/line-bytes'
import fc from 'fast-check'
import { type DecisionRecord, decodeRecord, encodeRecord } from './record.ts'

const text = fc.string({ unit: 'binary', maxLength: 20 }).map((given) => given.toWellFormed())
const uid = fc.record({ type: text, id: text })
const record: fc.Arbitrary<DecisionRecord> = fc.record(
  {
    atMs: fc.nat(),
    requestId: text,
    via: fc.constantFrom('gate', 'authzen', 'forward-auth', 'ext-authz', 'local', 'sign-in'),
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

test('each line says what its record says, whatever stands in its names, and beside whatever records', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), fc.boolean(), (records, alike) => {
      const { atMs, requestId, via, applicationId, caller } = records[0] as DecisionRecord
      const given = alike ? records.map((one) => ({ ...one, atMs, requestId, via, applicationId, caller })) : records
      const lines = new LineBytes()
      const starts = given.map((one, index) => {
        const start = lines.length
        encodeRecord(lines, 7 + index, one)
        return start
      })
      const bytes = lines.taken()
      starts.forEach((start, index) => {
        const end = starts[index + 1] ?? bytes.length
        assert.equal(bytes.indexOf('\n', start), end - 1)
        const line = bytes.subarray(start, end - 1)
        assert.deepEqual(decodeRecord(line), JSON.parse(JSON.stringify({ number: 7 + index, ...given[index] })))
        const sum = line.toString('latin1', 0, 8)
        assert.equal(sum, crc32(line.subarray(9)).toString(16).padStart(8, '0'))
      })
    }),
    { numRuns: 500 },
  )
})
