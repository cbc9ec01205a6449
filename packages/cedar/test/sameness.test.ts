import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suites } from './suites.ts'
import { Tape } from './tape.ts'

// Each suite is given a time of its own; what it did not reach within it is left to `npm run fuzz`.
const seconds = [14, 8, 4, 4]
const runs = [1500, 600, 400, 1500]
const least = [300, 100, 100, 300]

suites.forEach((suite, at) => {
  test(`same as the reference: ${suite.claim}`, () => {
    let made = 0
    const tape = fc.array(fc.nat(0xfffff), { minLength: suite.tape, maxLength: suite.tape })
    fc.assert(
      fc.property(tape, (choices) => {
        made++
        const found = suite.differs(new Tape(choices))
        if (found !== undefined)
          assert.fail(`${JSON.stringify(found)}\n${JSON.stringify(suite.show(new Tape(choices)))}`)
      }),
      { numRuns: runs[at] as number, interruptAfterTimeLimit: (seconds[at] as number) * 1000 },
    )
    assert.ok(made >= (least[at] as number), `only ${made} cases were compared`)
  })
})
