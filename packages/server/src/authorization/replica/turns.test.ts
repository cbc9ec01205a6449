import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBatch, readBatch, readRecords } from './batch.ts'
import { Turns } from './turns.ts'

const line = (number: number) =>
  `${JSON.stringify({ number, atMs: 1, requestId: 'r', principal: { type: 'User', id: 'x' }, action: { type: 'Action', id: 'read' }, resource: { type: 'Document', id: 'y' }, outcome: 'allow', reasons: [], errors: [], bundle: 'b', tookMicros: 3 })}\n`

/** Counts turns of the event loop until it is stopped. */
function countTurns() {
  let turns = 0
  let on = true
  const count = () => {
    turns++
    if (on) setImmediate(count)
  }
  setImmediate(count)
  const stop = () => {
    on = false
  }
  return { now: () => turns, stop }
}

test('Turns: of all who wait one goes on in each turn of the event loop', async () => {
  const turns = new Turns()
  const counted = countTurns()
  const at: number[] = []
  await Promise.all([1, 2, 3].map(() => turns.next().then(() => at.push(counted.now()))))
  counted.stop()
  assert.equal(new Set(at).size, 3, String(at))
})

test('a batch is hashed and read in many turns, with the others between: never more than 64 lines in one', async () => {
  const lines = Array.from({ length: 5_000 }, (_, at) => line(at + 1)).join('')
  const batch = readBatch({ stream: 'stream-1', sequence: 1, previous: '', watermarkMs: 1, lines })
  const turns = new Turns()
  const counted = countTurns()
  let read = 0
  for await (const some of readRecords(batch, 1, turns)) {
    assert.ok(some.length <= 64)
    read += some.length
  }
  const between = counted.now()
  await hashBatch({ ...batch, lines: Buffer.alloc(4 * 2 ** 20) }, turns)
  const hashing = counted.now() - between
  counted.stop()
  assert.equal(read, 5_000)
  assert.ok(between >= 77 && hashing >= 60, `${between} and ${hashing} turns`)
  await assert.rejects(
    async () => {
      for await (const _ of readRecords(batch, 2, turns));
    },
    { code: 'authorization.batch_invalid', detail: 'line 1 is no decision numbered 2' },
  )
})
