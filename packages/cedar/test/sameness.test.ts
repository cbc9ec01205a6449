import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suites } from './suites.ts'
import { Tape } from './tape.ts'

// Each suite compares its least number of cases however slow the machine is, then goes on while its time lasts; what it did
// not reach is left to `npm run fuzz`.
const seconds = [8, 10, 8, 4, 4]
const runs = [1000, 1200, 600, 400, 1200]
const least = [300, 400, 150, 200, 400]

suites.forEach((suite, at) => {
  test(`same as the reference: ${suite.claim}`, () => {
    const endsAt = performance.now() + (seconds[at] as number) * 1000
    const tape = fc.array(fc.nat(0xfffff), { minLength: suite.tape, maxLength: suite.tape })
    const same = fc.property(tape, (choices) => {
      const found = suite.differs(new Tape(choices))
      if (found !== undefined) assert.fail(`${JSON.stringify(found)}\n${JSON.stringify(suite.show(new Tape(choices)))}`)
    })
    fc.assert(same, { numRuns: least[at] as number })
    const leftMs = endsAt - performance.now()
    if (leftMs > 0)
      fc.assert(same, { numRuns: (runs[at] as number) - (least[at] as number), interruptAfterTimeLimit: leftMs })
  })
})
