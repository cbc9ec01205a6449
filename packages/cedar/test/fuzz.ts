// `npm run fuzz [cases] [seed]`: compares that many requests (200,000 unless told) with the reference, in all suites.
import { suites } from './suites.ts'
import { Tape } from './tape.ts'

const wanted = Number(process.argv[2] ?? 200_000)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
let state = seed >>> 0
const next = () => {
  // mulberry32: small, and the same on every machine for one seed.
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return (mixed ^ (mixed >>> 14)) >>> 0
}

console.log(`${wanted} requests, seed ${seed}`)
const startedMs = performance.now()
const shares = [0.05, 0.45, 0.2, 0.2, 0.1]
let compared = 0
let different = 0
for (const [at, suite] of suites.entries()) {
  let own = 0
  for (const most = Math.ceil(wanted * (shares[at] as number)); own < most; own += suite.requests) {
    const choices = Array.from({ length: suite.tape }, () => next() >>> 12)
    let found: unknown
    try {
      found = suite.differs(new Tape(choices))
    } catch (error) {
      found = error
    }
    if (found === undefined) continue
    different++
    console.error(`DIFFERENT (${suite.claim}):`, found)
    console.error(JSON.stringify(suite.show(new Tape(choices))))
  }
  compared += own
  console.log(`${own} requests: ${suite.claim} (${((performance.now() - startedMs) / 1000).toFixed(0)} s)`)
}
console.log(`${compared} requests compared, ${different} differences`)
process.exit(different === 0 ? 0 : 1)
