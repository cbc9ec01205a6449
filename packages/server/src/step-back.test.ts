import assert from 'node:assert/strict'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { stepBack } from './step-back.ts'

test('the helpers of the runtime step back, the thread that answers does not', {
  skip: process.platform !== 'linux' && 'threads have a priority of their own on Linux alone',
}, () => {
  const before = getPriority()
  assert.ok(stepBack() > 0)
  assert.equal(getPriority(), before)
  assert.equal(getPriority(process.pid), before)
})
